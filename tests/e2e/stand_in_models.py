"""Two models without weights, ``hash-a`` and ``hash-b``, in every process that a test starts.

A ``sitecustomize.py`` on the path puts them in the place of real ones. ``TANDEM_TEST_SLOW`` makes
them take so many seconds a batch of texts; ``TANDEM_TEST_PHASE`` says where the process dies, and
``TANDEM_TEST_HTTP_PHASE`` where a server does; while there is a file that ``TANDEM_TEST_BROKEN``
names, no query is embedded.
"""

import os
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from tandem.errors import ModelError
from tandem.protocols import FloatMatrix
from tandem.sections import EmbeddingSettings
from tests.integration.downtime.embedders import MODELS, ModelEmbedder

SITE = """\
from tests.e2e.stand_in_models import put_in_place
put_in_place()
"""


class SlowEmbedder(ModelEmbedder):
    """Takes its time."""

    def embed_documents(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        time.sleep(float(os.environ.get("TANDEM_TEST_SLOW", "0")))
        return super().embed_documents(texts)

    def embed_queries(self, texts: Sequence[str]) -> FloatMatrix:
        """See ``Embedder``."""
        if (broken := os.environ.get("TANDEM_TEST_BROKEN")) and Path(broken).exists():
            raise ModelError(f"there is {broken}", hint="delete it")
        return super().embed_queries(texts)


def load(settings: EmbeddingSettings, *_: object, **__: object) -> SlowEmbedder:
    """In the place of ``api.embedders.load_embedder``."""
    if settings.model not in MODELS:
        raise ModelError(
            f"there are no weights of {settings.model!r}",
            hint=f"set embedding.model to one of {', '.join(MODELS)}",
        )
    return SlowEmbedder(settings.model)


def put_in_place() -> None:
    """Called when a process starts, before anything of Tandem's is loaded."""
    vars(import_module("api.embedders"))["load_embedder"] = load
    if phase := os.environ.get("TANDEM_TEST_PHASE"):
        from tests.integration.crash.release_phases import install

        install(phase)
    if phase := os.environ.get("TANDEM_TEST_HTTP_PHASE"):
        from tests.integration.crash import http_phases

        http_phases.install(phase)


def site(folder: Path) -> str:
    """The ``PYTHONPATH`` that does it, in a folder of the test's."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITE)
    return f"{folder}{os.pathsep}{Path(__file__).parents[2]}"
