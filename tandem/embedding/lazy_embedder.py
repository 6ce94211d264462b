"""An embedder that is loaded when it is first needed: indexing what is unchanged never needs it."""

import threading
import time
from collections.abc import Callable, Sequence

from tandem.errors import ModelError, TandemError
from tandem.protocols import Embedder, FloatMatrix

RETRY_SECONDS = 60.0
"""How long the answer of a load that failed is kept: the same places would be asked in vain."""


class LazyEmbedder:
    """An ``Embedder`` whose name and dimension are known before it is loaded. Thread-safe."""

    def __init__(self, name: str, dimension: int, load: Callable[[], Embedder]) -> None:
        self.name = name
        self.dimension = dimension
        self._load = load
        self._lock = threading.Lock()
        self._loaded: Embedder | None = None
        self._failure: TandemError | None = None
        self._next_try_seconds = 0.0
        self._loading: threading.Thread | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether it can be used at once."""
        return self._loaded is not None

    @property
    def failure(self) -> TandemError | None:
        """The reason why it cannot be loaded, if that was tried."""
        return self._failure

    def begin_to_load(self) -> None:
        """Start to load in the background, unless that was begun, or has failed within the last
        minute; a failure shows where the embedder is used.
        """
        is_begun = self._loading is not None and self._loading.is_alive()
        if self.is_loaded or is_begun or time.monotonic() < self._next_try_seconds:
            return
        self._loading = threading.Thread(target=self._try, name="load-embedder", daemon=True)
        self._loading.start()

    def wait_until_loaded(self) -> TandemError | None:
        """Return when it is loaded, or the reason why it cannot be."""
        if not self.is_loaded and self._failure is None:
            self._try()
        return self._failure

    def give(self, loaded: Embedder) -> None:
        """Use this one, which was loaded elsewhere; that it could not be had is over.

        Raises:
            ModelError: it is another model.
        """
        self._loaded, self._failure = self._checked(loaded), None

    def _embedder(self) -> Embedder:
        """Who uses it never waits for another try: while one runs, the last failure is raised."""
        self.wait_until_loaded()
        failure, loaded = self._failure, self._loaded  # in this order: ``give`` sets the other one
        if loaded is None:
            assert failure is not None, "it was tried"
            raise failure
        return loaded

    def _try(self) -> None:
        with self._lock:
            if self.is_loaded or time.monotonic() < self._next_try_seconds:
                return  # another thread has just tried
            try:
                self.give(self._load())
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # a panic in a runtime is no ``Exception``
                self._failure = self._told(error)
                self._next_try_seconds = time.monotonic() + RETRY_SECONDS

    def _told(self, error: BaseException) -> TandemError:
        if isinstance(error, TandemError):
            return error
        failure = ModelError(
            f"{self.name} cannot be loaded: {type(error).__name__}: {error}",
            hint="it is tried again; see that the disk has room and the model's files are whole",
        )
        failure.__cause__ = error
        return failure

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
