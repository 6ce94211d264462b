"""An embedder that is loaded when it is needed, once, whether that works or not."""

import threading

import pytest

from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.errors import ModelError, TandemError
from tandem.protocols import Embedder
from tests.fakes import HashEmbedder


def state_of(lazy: LazyEmbedder) -> tuple[bool, TandemError | None]:
    """Whether it is loaded, and why not."""
    return lazy.is_loaded, lazy.failure


def test_it_is_loaded_once_and_when_needed() -> None:
    """Name and dimension cost nothing; the first text loads."""
    loads = []

    def load() -> Embedder:
        loads.append(1)
        return HashEmbedder()

    fake = HashEmbedder()
    lazy = LazyEmbedder(fake.name, fake.dimension, load)
    assert (lazy.name, lazy.dimension, len(loads)) == (fake.name, fake.dimension, 0)
    assert (lazy.is_loaded, lazy.failure) == (False, None)

    lazy.embed_queries(["a"])
    lazy.embed_documents(["b"])

    assert len(loads) == 1
    assert lazy.wait_until_loaded() is None
    assert (lazy.is_loaded, lazy.failure) == (True, None)


def test_a_failed_load_is_not_tried_again() -> None:
    """Asking an absent hub takes long; its answer is kept, and raised to everybody."""
    loads = []

    def load() -> Embedder:
        loads.append(1)
        raise ModelError("no model", hint="fetch it")

    lazy = LazyEmbedder("model@1", 16, load)
    failure = lazy.wait_until_loaded()

    assert failure is not None
    assert failure.hint == "fetch it"
    assert lazy.failure is failure
    assert not lazy.is_loaded
    for _ in range(2):
        with pytest.raises(ModelError, match="no model"):
            lazy.embed_queries(["a"])
    assert len(loads) == 1


class Panic(BaseException):
    """As a runtime in Rust has them."""


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), Panic("poisoned")])
def test_whatever_goes_wrong_is_a_failure_of_the_model(error: BaseException) -> None:
    """The thread that loads would die of it, and everybody believe that it loads for ever."""

    def load() -> Embedder:
        raise error

    failure = LazyEmbedder("model@1", 16, load).wait_until_loaded()
    assert isinstance(failure, ModelError)
    assert "model@1 cannot be loaded" in str(failure)
    assert str(error) in str(failure)
    assert failure.__cause__ is error


def test_an_interrupt_is_none() -> None:
    """Whoever waits in the foreground is let go; it is loaded at the next need."""
    errors = [KeyboardInterrupt()]

    def load() -> Embedder:
        if errors:
            raise errors.pop()
        return HashEmbedder()

    lazy = LazyEmbedder(HashEmbedder.name, HashEmbedder.dimension, load)
    with pytest.raises(KeyboardInterrupt):
        lazy.wait_until_loaded()
    assert lazy.wait_until_loaded() is None


def test_it_is_tried_again_a_minute_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the background, by whoever begins: meanwhile nobody waits who uses it."""
    going, loads = threading.Event(), list[int]()

    def load() -> Embedder:
        loads.append(1)
        if len(loads) == 1:
            raise ModelError("no network")
        assert going.wait(10)
        return HashEmbedder()

    lazy = LazyEmbedder(HashEmbedder.name, HashEmbedder.dimension, load)
    assert lazy.wait_until_loaded() is not None
    lazy.begin_to_load()
    assert "load-embedder" not in {thread.name for thread in threading.enumerate()}
    monkeypatch.setattr(lazy, "_next_try_seconds", 0.0)
    lazy.begin_to_load()
    thread = lazy._loading
    assert thread is not None
    lazy.begin_to_load()
    assert lazy._loading is thread, "one at a time"
    with pytest.raises(ModelError, match="no network"):
        lazy.embed_queries(["a"])
    going.set()
    thread.join(10)
    assert (state_of(lazy), len(loads)) == ((True, None), 2)
    lazy.begin_to_load()
    assert lazy._loading is thread


def test_one_that_was_loaded_elsewhere() -> None:
    """It stands in for the one that could not be had; another model does not."""
    lazy = LazyEmbedder(
        HashEmbedder.name, HashEmbedder.dimension, lambda: LazyEmbedder("x", 1, HashEmbedder)
    )
    assert lazy.wait_until_loaded() is not None
    with pytest.raises(ModelError, match="holds vectors of hash@1"):
        lazy.give(LazyEmbedder("other@1", 16, HashEmbedder))
    assert state_of(lazy) != (True, None)
    lazy.give(HashEmbedder())
    assert state_of(lazy) == (True, None)
    assert len(lazy.embed_queries(["a"])) == 1


def test_another_model_is_refused() -> None:
    """Vectors of two models are never compared."""
    lazy = LazyEmbedder("other@1", HashEmbedder().dimension, HashEmbedder)

    with pytest.raises(ModelError, match="holds vectors of other@1"):
        lazy.embed_queries(["a"])
