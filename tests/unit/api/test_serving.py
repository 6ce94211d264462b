"""The collection as a server has it: found when it is there, kept when the catalogue is not."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from api.bootstrap import House
from api.serving import NotReady, Serving, Stopping
from query.past_queries import PastQueries
from tandem.embedding.lazy_embedder import LazyEmbedder
from tandem.errors import (
    CatalogError,
    CollectionNotFound,
    EngineError,
    ModelError,
    SearchUnavailable,
    SettingsError,
    TandemError,
)
from tandem.rankings import Degradation
from tandem.stores import EngineHealth
from tandem.telemetry import UNMETERED
from tests.fakes import HashEmbedder


@dataclass
class FakeCollection:
    """Counts what is asked of it; ``changes`` says whether a refresh finds another release."""

    release: Any = field(default_factory=lambda: SimpleNamespace(number=1))
    embedder: Any = field(default_factory=HashEmbedder)
    faults: dict[str, TandemError] = field(default_factory=dict)
    incomplete: frozenset[str] = frozenset()
    searching: Any = field(
        default_factory=lambda: SimpleNamespace(
            rules_state=lambda schema: f"as {schema} is", begin=lambda: None, wake=lambda: None
        )
    )
    generation: Any = field(default_factory=lambda: SimpleNamespace(schema="the live one"))
    changes: bool = False
    typed: list[Any] = field(default_factory=list)
    error: Exception | None = None
    held: Any = None
    calls: list[str] = field(default_factory=list)

    def refresh(self) -> bool:
        """See ``OpenCollection``; ``error`` is what it fails with."""
        self.calls.append("refresh")
        if self.error is not None:
            raise self.error
        return self.changes

    def suggest(self, *asked: Any, forced: object, budget_ms: float) -> str:
        """See ``OpenCollection``; noted."""
        self.typed.append((*asked, forced, budget_ms))
        return "suggested"

    def close_dropped(self) -> None:
        """See ``OpenCollection``."""
        self.calls.append("close dropped")

    def begin_to_load(self) -> None:
        """See ``OpenCollection``."""
        self.calls.append("load")

    def open_complete(self) -> None:
        """See ``OpenCollection``."""
        self.calls.append("open complete")


class FakeHouse:
    """A house whose catalogue answers with ``error``, if there is one. ``generations`` are those
    that are not dropped, by their embedders; ``before`` is called before the catalogue answers.
    """

    def __init__(self, *, is_owner: bool = False) -> None:
        self.search = SimpleNamespace(rules=None, past_queries_days=90)
        engines = SimpleNamespace(lexical="lex+http://host", vector="vec:")
        self.settings = SimpleNamespace(
            collection="main", engines=engines, search=self.search, data_dir=Path("nowhere")
        )
        self.generations: list[Any] = []
        releases = SimpleNamespace(generations=self._generations)
        self.catalog = SimpleNamespace(releases=releases, documents=None, checkpoints=None)
        self.tell_growth: Callable[[], None] = lambda: None
        self.embedders = SimpleNamespace(of=lambda embedder, _dimension: embedder)
        self.before: Callable[[], None] = lambda: None
        self.ownership = object() if is_owner else None
        self.meter = UNMETERED
        self.opened = FakeCollection()
        self.error: Exception | None = None
        self.states = {"lexical": "ok", "vector": "ok"}

    def collection(self, name: str) -> FakeCollection:
        """See ``House``: what is open is had without the catalogue."""
        assert name == "main"
        if self.error is not None and not self.opened.calls:
            raise self.error
        return self.opened

    def _generations(self, name: str) -> list[Any]:
        assert name == "main"
        self.opened.calls.append("generations")
        return [SimpleNamespace(embedder=item, dimension=16) for item in self.generations]

    def has_collection(self, name: str) -> bool:
        """See ``House``."""
        assert name == "main"
        self.before()
        if self.error is not None:
            raise self.error
        return True

    @property
    def lexical_store(self) -> Any:
        """See ``House``."""
        return SimpleNamespace(health=lambda: EngineHealth("lex", "1", self.states["lexical"]))

    @property
    def vector_store(self) -> Any:
        """See ``House``."""
        return SimpleNamespace(health=lambda: EngineHealth("vec", "2", self.states["vector"]))


class NoWatch:
    """In the place of ``ReleaseWatch`` and others that have a thread: tests look themselves."""

    current = PastQueries()

    def __init__(self, *_: object, days: int = 0) -> None: ...

    def close(self) -> None:
        """See ``ReleaseWatch``."""


@pytest.fixture(autouse=True)
def _no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens by itself."""
    monkeypatch.setattr("api.serving.ReleaseWatch", NoWatch)
    monkeypatch.setattr("api.serving.PastQueriesWatch", NoWatch)
    monkeypatch.setattr("api.serving.Retention", NoWatch)


@contextmanager
def served(house: FakeHouse) -> Iterator[Serving]:
    """What is served of it."""
    with closing(Serving(cast("House", house))) as made:
        yield made


def test_a_collection_is_found_once_it_is_there() -> None:
    """Until then every search is told what to do, and so is whoever asks for readiness."""
    house = FakeHouse()
    house.error = CollectionNotFound("there is no collection 'main'", hint="index something")
    with served(house) as serving:
        for _ in range(2):
            with pytest.raises(CollectionNotFound, match="no collection 'main'") as raised:
                serving.collection()
            assert raised.value.hint == "index something"
            assert not serving._look()
        with pytest.raises(NotReady, match="no search can be answered: there is no c") as refused:
            serving.readiness()
        assert refused.value.hint == "index something"
        assert serving.degraded() == (), "the catalogue has answered"
        house.error = None
        serving._look()
        assert cast("Any", serving.collection()) is house.opened
        assert serving.readiness()["release"] == 1
        assert serving.degraded() == ()


def test_a_document_is_read_from_the_index_or_else_from_the_log() -> None:
    """What neither has is gone; where the log does not answer, nothing is said of it."""
    fault: list[Exception] = []

    def read(found: dict[str, Any], wanted: list[str]) -> dict[str, Any]:
        if fault and found is logged:
            raise fault[0]
        return {name: found[name] for name in wanted if name in found}

    indexed, logged = {"a": "as indexed"}, {"a": "as logged", "b": "as logged"}
    opened = SimpleNamespace(
        indexed=lambda wanted, timeout_seconds: read(indexed, wanted),
        logged=lambda wanted: read(logged, wanted),
    )
    house = FakeHouse()
    house.opened.held = lambda: nullcontext((None, opened))
    with served(house) as serving:
        found = [cast("Any", serving.document(name)) for name in ("a", "b", "c")]
        assert found == ["as indexed", "as logged", None]
        fault.append(CatalogError("postgresql://secret"))
        assert cast("Any", serving.document("a")) == "as indexed"
        with pytest.raises(SearchUnavailable, match="cannot be read now"):
            serving.document("b")


def test_once_it_is_to_end_it_is_not_ready() -> None:
    """Whoever divides requests among servers gives it no more; what it has is answered."""
    house = FakeHouse()
    with served(house) as serving:
        assert serving.readiness()["release"] == 1
        serving.stopping.set()
        with pytest.raises(Stopping, match="the server ends"):
            serving.readiness()
        assert cast("Any", serving.collection()) is house.opened


def test_what_cannot_be_opened_keeps_its_reason_for_the_log() -> None:
    """A client is not told where the catalogue is."""
    house = FakeHouse()
    house.error = CatalogError("postgresql://secret", hint="secret")
    with served(house) as serving:
        with pytest.raises(SearchUnavailable, match="'main' could not be opened yet") as raised:
            serving.collection()
        assert "secret" not in str(raised.value) + raised.value.hint
        with pytest.raises(CatalogError):
            serving._look()


def test_without_the_catalogue_the_last_release_goes_on() -> None:
    """Every answer says so, and readiness; it is over with the next look that succeeds."""
    house = FakeHouse(is_owner=True)
    with served(house) as serving:
        house.error = CatalogError("away")
        with pytest.raises(CatalogError):
            serving._look()
        assert cast("Any", serving.collection()) is house.opened
        assert serving.degraded() == (Degradation("catalogue", "unavailable"),)
        told = serving.readiness()
        assert (told["catalogue"], told["release"]) == ("unreachable", 1)
        house.error = None
        serving._look()
        assert serving.degraded() == ()
        assert serving.readiness()["catalogue"] == "ok"


def test_how_rules_are_is_told() -> None:
    """Over the live schema; whoever watches learns of it."""
    with served(FakeHouse()) as serving:
        assert serving.readiness()["rules"] == "as the live one is"


def test_a_catalogue_that_hangs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the look that waits for it. What takes long after it has answered is not
    held against it.
    """
    monkeypatch.setattr("api.serving.SILENCE_SECONDS", 0.0)
    house, told = FakeHouse(), list[bool]()
    with served(house) as serving:
        house.before = lambda: told.append(serving.degraded() != ())
        serving._look()
        assert serving.degraded() == ()
    assert told == [True]


def test_what_cannot_be_taken_up_is_not_the_catalogues_fault() -> None:
    """The last release goes on answering, whole; readiness tells it, and the log why."""
    house = FakeHouse()
    with served(house) as serving:
        assert serving.readiness()["taken_up"]
        for error in (SettingsError("no such analysis"), ZeroDivisionError()):
            house.opened.error = error
            with pytest.raises(type(error)):
                serving._look()
            assert serving.degraded() == ()
            told = serving.readiness()
            assert (told["catalogue"], told["taken_up"]) == ("ok", False)
        house.opened.error = None
        serving._look()
        assert serving.readiness()["taken_up"]


def test_with_servers_it_takes_up_releases_itself() -> None:
    """It opens what others keep and closes what they drop. The model of whatever may go live is
    loaded before that.
    """
    house = FakeHouse()
    each = ["generations", "refresh", "close dropped", "load", "open complete"]
    with served(house) as serving:
        assert house.opened.calls == each
        house.generations = [lazy(), HashEmbedder()]
        house.opened.changes = True
        assert serving._look()
        assert house.opened.calls == each * 2
        assert house.generations[0].wait_until_loaded() is None
        assert house.generations[0]._loading is not None, "somebody has begun"


def test_an_owner_takes_up_releases_itself() -> None:
    """Two that did would go back to what the other has just left. The model of what is live now is
    loaded all the same.
    """
    house = FakeHouse(is_owner=True)
    with served(house) as serving:
        assert not serving._look()
    assert house.opened.calls == ["load", "load"]


def broken() -> HashEmbedder:
    """No weights."""
    raise ModelError("no weights")


def lazy(*, is_broken: bool = False) -> LazyEmbedder:
    """One that was not asked for yet."""
    return LazyEmbedder("hash@1", 16, broken if is_broken else HashEmbedder)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ({"vector": "unreachable"}, ("ok", "unreachable")),
        ({"lexical": "unusable"}, ("unusable", "ok")),
        ({"lexical": "degraded", "vector": "degraded"}, ("degraded", "degraded")),
    ],
)
def test_one_leg_is_enough(states: dict[str, str], expected: tuple[str, str]) -> None:
    """What the other one lacks is told."""
    house = FakeHouse()
    house.states |= states
    with served(house) as serving:
        legs = serving.readiness()["legs"]
    assert (legs["lexical"]["state"], legs["vector"]["state"]) == expected
    assert (legs["vector"]["engine"], legs["vector"]["version"]) == ("vec", "2")


def test_a_leg_needs_more_than_its_engine() -> None:
    """An index, and the vector leg a model: one that is loading, or cannot be had, is told."""
    house = FakeHouse()
    with served(house) as serving:

        def states() -> tuple[str, str]:
            legs = serving.readiness()["legs"]
            return legs["lexical"]["state"], legs["vector"]["state"]

        house.opened.embedder = lazy()
        assert states() == ("ok", "loading")
        assert house.opened.embedder.wait_until_loaded() is None
        assert states() == ("ok", "ok")
        house.opened.embedder = lazy(is_broken=True)
        assert house.opened.embedder.wait_until_loaded() is not None
        assert states() == ("ok", "no model")
        house.opened.faults["lexical"] = EngineError("gone")
        with pytest.raises(NotReady, match="answered: lexical no index, vector no model") as raised:
            serving.readiness()
        assert "tandem status" in raised.value.hint
        house.states["lexical"] = "unreachable"
        with pytest.raises(NotReady, match="lexical unreachable"):
            serving.readiness()


def test_a_leg_that_is_built_again_answers() -> None:
    """With a part: that is told, and is better than no answer."""
    house = FakeHouse()
    house.opened.incomplete = frozenset({"lexical", "vector"})
    house.opened.embedder = lazy()
    with served(house) as serving:
        legs = serving.readiness()["legs"]
    assert (legs["lexical"]["state"], legs["vector"]["state"]) == ("rebuilding", "loading")


def test_suggestions_are_the_collections_with_past_queries() -> None:
    """Those that are known now; there are none before the collection is found."""
    house = FakeHouse()
    with served(house) as serving:
        assert cast("Any", serving.suggest("da", {"genre": "x"}, 5, 70.0)) == "suggested"
    assert house.opened.typed == [("da", {"genre": "x"}, 5, NoWatch.current, None, 70.0)]


def test_a_broken_file_of_rules_stops_the_start(tmp_path: Path) -> None:
    """Whoever starts a server sees it; while it runs the rules before would stay in force."""
    house = FakeHouse()
    house.search.rules = tmp_path / "rules.toml"
    house.search.rules.write_text("[[rules]")
    with pytest.raises(SettingsError, match=r"rules\.toml: not TOML"):
        Serving(cast("House", house))


@pytest.mark.parametrize("is_owner", [False, True])
def test_who_only_searches_forgets_what_is_too_old(
    monkeypatch: pytest.MonkeyPatch, is_owner: bool
) -> None:
    """With servers for engines nobody need follow; of a collection that is there."""
    made: list[Callable[[], list[str]]] = []

    class Noted(NoWatch):
        def __init__(self, _house: object, leading: Callable[[], list[str]], _: object) -> None:
            made.append(leading)

    monkeypatch.setattr("api.serving.Retention", Noted)
    house = FakeHouse(is_owner=is_owner)
    house.error = CollectionNotFound("there is no collection 'main'")
    with served(house) as serving:
        assert len(made) == (0 if is_owner else 1)
        assert [leading() for leading in made] == [[]] * len(made)
        house.error = None
        serving._look()
        assert [leading() for leading in made] == [["main"]] * len(made)
