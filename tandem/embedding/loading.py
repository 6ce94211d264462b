"""From a model's name to an embedder."""

from pathlib import Path
from typing import Unpack

from tandem.embedding.fused_embedder import FusedEmbedder
from tandem.embedding.graph_cache import fused_graph
from tandem.embedding.runtimes import RuntimeOptions
from tandem.embedding.weights import DEFAULT_MODEL, Notify, find_model_folder


def load_default_embedder(
    cache_dir: Path,
    *,
    model: str = DEFAULT_MODEL,
    path: Path | None = None,
    notify: Notify | None = None,
    **options: Unpack[RuntimeOptions],
) -> FusedEmbedder:
    """The torch-free embedder of ``model``; fetched and built on first use, kept in ``cache_dir``.

    ``path`` is a local copy of the model. ``notify`` is told before something slow begins.
    ``options`` are ``runtime``, ``precision`` and ``threads`` of ``FusedEmbedder``.

    Raises:
        ModelError: the model is nowhere to be found, altered, or not of the supported kind.
        SettingsError: an option is unknown or cannot be had on this machine.

    """
    graph = fused_graph(
        model,
        cache_dir,
        lambda: find_model_folder(model, cache_dir, path=path, notify=notify),
        path=path,
    )
    return FusedEmbedder(graph, **options)
