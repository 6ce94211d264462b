"""An embedder that is loaded when it is first needed: indexing what is unchanged never needs it."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from tandem.errors import ModelError
from tandem.protocols import Embedder, FloatMatrix


class LazyEmbedder:
    """An ``Embedder`` whose name and dimension are known before it is loaded."""

    def __init__(self, name: str, dimension: int, load: Callable[[], Embedder]) -> None:
        self.name = name
        self.dimension = dimension
        self._load = load
        self._lock = threading.Lock()
        self._loaded: Embedder | None = None

    def begin_to_load(self) -> None:
        """Start to load in the background; a failure shows where the embedder is used."""
        threading.Thread(target=self.wait_until_loaded, name="load-embedder", daemon=True).start()

    def wait_until_loaded(self) -> None:
        """Return when it is loaded, or cannot be."""
        with suppress(Exception):  # raised again by whoever uses the embedder
            self._embedder()

    def _embedder(self) -> Embedder:
        with self._lock:
            if self._loaded is None:
                loaded = self._load()
                if (loaded.name, loaded.dimension) != (self.name, self.dimension):
                    raise ModelError(
                        f"the index holds vectors of {self.name}, the settings name {loaded.name}",
                        hint="set embedding.model back; another model needs a new generation",
                    )
                self._loaded = loaded
            return self._loaded

    @property
    def window(self) -> int:
        """See ``Embedder``."""
        return self._embedder().window

    def token_spans(self, texts: Sequence[str]) -> Sequence[Sequence[tuple[int, int]]]:
        """See ``Embedder``."""
        return self._embedder().token_spans(texts)

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        return self._embedder().embed_documents(texts)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        return self._embedder().embed_queries(texts)
