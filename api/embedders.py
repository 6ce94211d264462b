"""Which embedder a setting names, and one of each for the whole house."""

import time
from collections.abc import Callable
from pathlib import Path

from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.protocols import Embedder
from tandem.sections import EmbeddingSettings
from tandem.settings import Settings
from tandem.telemetry import logger

Notify = Callable[[str], None]


def silent(_text: str) -> None:
    """Tell nobody."""


def load_embedder(
    settings: EmbeddingSettings, cache_dir: Path, notify: Notify = silent
) -> Embedder:
    """The embedding model that the settings name. torch is imported only if they ask for it.

    ``notify`` is told before something slow begins: a download, or building the graph.
    """
    if settings.runtime == "torch" or settings.runtime == "torch-openvino":  # noqa: PLR1714 - types
        from tandem.embedding.sentence_transformer_embedder import SentenceTransformerEmbedder

        return SentenceTransformerEmbedder(
            settings.model,
            cache_dir,
            path=settings.path,
            device=settings.device,
            backend="openvino" if settings.runtime == "torch-openvino" else "torch",
        )
    from tandem.embedding.loading import load_default_embedder

    return load_default_embedder(
        cache_dir,
        model=settings.model,
        path=settings.path,
        notify=notify,
        runtime=settings.runtime,
        precision=settings.precision,
        threads=settings.threads,
    )


class Embedders:
    """One embedder a model, shared by the generations that were built with it.

    ``override`` stands in for every one of its name.
    """

    def __init__(
        self, settings: Settings, notify: Notify = silent, override: Embedder | None = None
    ) -> None:
        self._notify = notify
        self._override = override
        self._known: dict[str, Embedder] = {}
        self._by_model: dict[str, Embedder] = {}
        self._paths: dict[str, Path | None] = {}
        self.adopt(settings)

    def adopt(self, settings: Settings) -> None:
        """Load by other settings from now on; what is loaded stays, and where a model was said to
        be, until something else is said of that model.
        """
        self._settings = settings
        self._paths[settings.embedding.model] = settings.embedding.path

    def of(self, name: str, dimension: int) -> Embedder:
        """The embedder of that name (model and revision), loaded when it is first needed."""
        if self._override is not None:
            return self._override
        model = name.partition("@")[0]
        lazy = LazyEmbedder(name, dimension, lambda: self._loaded(model))
        return self._known.setdefault(name, lazy)  # one, whichever threads ask

    def load(self, model: str | None = None) -> Embedder:
        """The settings' model, or another one, loaded now.

        Raises:
            ModelError: it cannot be had.
        """
        if self._override is not None:
            return self._override
        embedder = self._loaded(model or self._settings.embedding.model)
        known = self._known.setdefault(embedder.name, embedder)
        if isinstance(known, LazyEmbedder) and not known.is_loaded:
            known.give(embedder)
        return known

    def _loaded(self, model: str) -> Embedder:
        """A model by name is loaded once; what is at a path may be another one by now."""
        path = self._paths.get(model)
        if path is None and model in self._by_model:
            return self._by_model[model]
        chosen = self._settings.embedding.model_copy(update={"model": model, "path": path})
        started = time.perf_counter()
        embedder = load_embedder(chosen, self._settings.cache_dir, self._notify)
        seconds = time.perf_counter() - started
        logger("api").info("loaded the embedder %s in %.2f s", embedder.name, seconds)
        if path is None:
            self._by_model[model] = embedder
        return embedder
