"""An embedder that is loaded when it is first needed: indexing what is unchanged never needs it."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from tandem.errors import ModelError, TandemError
from tandem.protocols import Embedder, FloatMatrix


class LazyEmbedder:
    """An ``Embedder`` whose name and dimension are known before it is loaded."""

    def __init__(self, name: str, dimension: int, load: Callable[[], Embedder]) -> None:
        self.name = name
        self.dimension = dimension
        self._load = load
        self._lock = threading.Lock()
        self._loaded: Embedder | None = None
        self._failure: TandemError | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether it can be used at once."""
        return self._loaded is not None

    @property
    def failure(self) -> TandemError | None:
        """The reason why it cannot be loaded, if that was tried."""
        return self._failure

    def begin_to_load(self) -> None:
        """Start to load in the background; a failure shows where the embedder is used."""
        threading.Thread(target=self.wait_until_loaded, name="load-embedder", daemon=True).start()

    def wait_until_loaded(self) -> TandemError | None:
        """Return when it is loaded, or the reason why it cannot be."""
        with suppress(TandemError):  # raised again by whoever uses the embedder
            self._embedder()
        return self._failure

    def _embedder(self) -> Embedder:
        with self._lock:
            if self._failure is not None:  # the same places would be asked in vain again
                raise self._failure
            if self._loaded is None:
                try:
                    self._loaded = self._checked(self._load())
                except TandemError as failure:
                    self._failure = failure
                    raise
            return self._loaded

    def _checked(self, loaded: Embedder) -> Embedder:
        if (loaded.name, loaded.dimension) != (self.name, self.dimension):
            raise ModelError(
                f"the index holds vectors of {self.name}, the settings name {loaded.name}",
                hint="set embedding.model back; another model needs a new generation",
            )
        return loaded

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
