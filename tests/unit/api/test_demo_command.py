"""`tandem demo` over a few made-up names: what an upgrade and a failure leave behind."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.collection import OpenCollection
from api.commands import demo
from api.console import FOUND, PROBLEM
from api.demo.people import PEOPLE, SHOWN_READERS
from api.demo.simulation import Simulated
from api.demo.teaching import TRAINING
from api.engines import open_catalog
from api.orders import Order
from indexer.sources.records import Place, Record
from tandem.errors import InputError, ModelError
from tandem.protocols import Embedder, FloatMatrix
from tandem.settings import Settings
from tests.fakes import HashEmbedder
from tests.trained_models import trained

FIGURES = {"hybrid": {"nDCG@10": 0.5}}


class Names:
    """A library of these names, in place of Python's own."""

    location = "python-documentation"
    held: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Record]:
        for name in self.held:
            yield Record(Place("library"), {"id": name, "body": name, "kind": "function"})


class Broken(HashEmbedder):
    """An embedder that cannot embed."""

    def embed_documents(self, texts: object) -> FloatMatrix:
        """Fail."""
        raise ModelError(f"no memory for {texts!r:.10}")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> type[Names]:
    """What the demo indexes; it measures nothing and shows no searches."""

    class Library(Names):
        held = ("a", "b")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "DemoRecords", Library)
    monkeypatch.setattr(demo, "measure_configurations", lambda _: FIGURES)
    monkeypatch.setattr(demo, "SHOWN_QUERIES", ())
    use(monkeypatch, HashEmbedder())
    return Library


def use(monkeypatch: pytest.MonkeyPatch, embedder: Embedder) -> None:
    """Let the house load this embedder."""
    monkeypatch.setattr("api.embedders.load_embedder", lambda *_, **__: embedder)


@dataclass
class Learning:
    """Counts what it was asked; its models are made by nobody."""

    read: int = 0
    orders: list[Order] = field(default_factory=list)
    refusal: Mapping[str, Any] | None = None
    error: InputError | None = None
    goes_live: bool = False

    def have_read(self, target: OpenCollection, *_: object) -> Simulated:
        """See ``api.demo.teaching.have_read``."""
        assert target.name == "demo"
        self.read += 1
        return Simulated(2, 1)

    def have_done(self, chosen: Settings, order: Order, *_: object) -> Mapping[str, Any]:
        """See ``api.orders.have_done``."""
        self.orders.append(order)
        if self.error is not None:
            raise self.error
        model = trained()
        with closing(open_catalog(chosen)) as catalog:
            number = catalog.models.add("demo", model.manifest.as_json(), model.parts())
            if self.goes_live:
                catalog.releases.promote("demo", 1, parent=1, model=number)
        return {"model": number, "release": None, "refusal": self.refusal}


def test_a_failed_leg_leaves_standard_output_to_the_json(
    library: type[Names], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The problem is told on standard error, and by the exit code."""
    use(monkeypatch, Broken())

    code = demo.run(as_json=True)

    told = capsys.readouterr()
    assert code == PROBLEM
    assert orjson.loads(told.out) == {"documents": len(library.held), **FIGURES}
    assert "the vector index is behind: no memory" in told.err
    assert demo.run() == PROBLEM
    assert "2 unchanged" in capsys.readouterr().out


# --- then learning ---


@pytest.fixture
def learning(library: type[Names], monkeypatch: pytest.MonkeyPatch) -> Learning:
    """Readers who find something, and a training that takes no time."""
    library.held = ("csv.DictWriter", "csv.writer")
    made = Learning()
    monkeypatch.setattr(demo, "have_read", made.have_read)
    monkeypatch.setattr(demo, "have_done", made.have_done)
    return made


def test_where_readers_find_nothing_nothing_is_learned(
    library: type[Names], capsys: pytest.CaptureFixture[str]
) -> None:
    """None of the judged documents is here; that is no failure."""
    assert library.held
    assert demo.run() == FOUND
    assert "there is nothing that readers would look for" in capsys.readouterr().err


def test_readers_teach_a_model_once(learning: Learning, capsys: pytest.CaptureFixture[str]) -> None:
    """As tandem train does; the second time it is measured as it is."""
    assert demo.run(as_json=True) == FOUND
    first = orjson.loads(capsys.readouterr().out)
    assert first["simulated_readers"]["model"] == 1
    assert first["simulated_readers"]["is_live"] is False
    assert first["simulated_readers"]["held_out"] == {"people": 40, "searches": 50}

    assert demo.run(as_json=True) == FOUND
    assert orjson.loads(capsys.readouterr().out) == first
    assert (learning.read, learning.orders) == (1, [Order("demo", "train", TRAINING)])


def test_a_model_that_a_gate_refuses(
    learning: Learning, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is measured all the same, and the demo goes on."""
    learning.refusal = {"code": "gate_failed", "message": "not fit: better", "hint": "look"}
    assert demo.run() == FOUND
    told = capsys.readouterr()
    assert "nothing went live: not fit: better" in told.err
    assert "with personal features     nDCG@10 0.700 (0.600 to 0.800)" in told.out
    assert "without the model" in told.out
    assert "with it" not in told.out


def test_too_few_clicks_to_learn_from(
    learning: Learning, capsys: pytest.CaptureFixture[str]
) -> None:
    """Are told, and the demo goes on."""
    learning.error = InputError("7 impressions with clicks, at least 50 are needed")
    assert demo.run() == FOUND
    told = capsys.readouterr()
    assert "no model was trained: 7 impressions" in told.err
    assert "simulated readers" not in told.out


def test_who_wants_no_readers(learning: Learning, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody searches, nothing is trained."""
    assert demo.run(no_readers=True, as_json=True) == FOUND
    assert "simulated_readers" not in orjson.loads(capsys.readouterr().out)
    assert (learning.read, learning.orders) == (0, [])


def test_what_an_upgrade_removed_is_deleted(
    library: type[Names], capsys: pytest.CaptureFixture[str]
) -> None:
    """Names that another version of Python does not have are not found any more."""
    assert demo.run(as_json=True) == FOUND
    library.held = ("b", "c")
    capsys.readouterr()

    assert demo.run() == FOUND

    assert "1 new or changed, 1 unchanged, 1 deleted" in capsys.readouterr().out


def test_a_rebuilt_index_is_told(
    library: type[Names], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An index that has gone is built again, and the demo says why it takes longer."""
    assert demo.run(as_json=True) == FOUND
    assert library.held
    (folder,) = (tmp_path / ".tandem" / "lexical").glob("demo-*")
    shutil.rmtree(folder)
    capsys.readouterr()

    assert demo.run(as_json=True) == FOUND

    assert "building it again from the document log" in capsys.readouterr().err


# --- then serving it ---


@dataclass
class Served:
    """What was served in the place of the real thing."""

    settings: list[Settings] = field(default_factory=list)
    people: list[Sequence[Mapping[str, str]]] = field(default_factory=list)

    def __call__(
        self,
        chosen: Settings,
        purpose: str,
        tell: Callable[[str], None],
        people: Sequence[Mapping[str, str]],
    ) -> None:
        """See ``api.commands.serve.serve``."""
        assert purpose == "tandem demo --serve"
        self.settings.append(chosen)
        self.people.append(people)
        tell("http://127.0.0.1:1")


@pytest.fixture
def served(library: type[Names], monkeypatch: pytest.MonkeyPatch) -> Served:
    """Nothing listens, nor waits for a signal."""
    assert library.held
    serving = Served()
    monkeypatch.setattr(demo, "serve_until_stopped", serving)
    return serving


def test_it_ends_by_itself_and_says_what_is_next(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only who asks for it is served."""
    assert demo.run() == FOUND
    assert served.settings == []
    assert "tandem demo --serve" in capsys.readouterr().err


def test_the_demo_is_served_with_a_personal_order(
    served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    """After it was measured, and at once when nothing has changed since."""
    assert demo.run(serve=True, port=0) == FOUND
    first = capsys.readouterr()
    assert "how good it finds" in first.out
    assert "serving the demo at http://127.0.0.1:1" in first.err
    assert "Cleo, who automates files: copy" in first.err

    assert demo.run(serve=True) == FOUND
    assert "how good it finds" not in capsys.readouterr().out

    chosen, usual = served.settings
    assert chosen.search.personal_share == demo.PERSONAL_SHARE > 0
    assert (chosen.collection, chosen.server.port, usual.server.port) == ("demo", 0, 8765)
    assert chosen.search.depth == usual.search.depth == 100
    assert [len(people) for people in served.people] == [len(PEOPLE)] * 2


def test_a_personal_share_that_was_chosen_stays(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None included: then nobody can be chosen, as it would change nothing."""
    monkeypatch.setenv("TANDEM_SEARCH__PERSONAL_SHARE", "0")
    assert demo.run(serve=True) == FOUND
    assert served.settings[0].search.personal_share == 0
    assert served.people == [[]]


def test_with_a_model_readers_can_be_chosen(
    served: Served, learning: Learning, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows who asks, whatever the share; who is simulated is called so."""
    monkeypatch.setenv("TANDEM_SEARCH__PERSONAL_SHARE", "0")
    learning.goes_live = True
    assert demo.run(serve=True) == FOUND
    (people,) = served.people
    simulated = [person for person in people if person["user_id"].startswith("simulated-")]
    assert len(people) == len(PEOPLE) + len(simulated)
    assert len(simulated) == len(SHOWN_READERS)
    assert all(person["about"].endswith("(simulated)") for person in simulated)


def test_what_is_not_indexed_is_not_served(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error stands above, and says what to do."""
    use(monkeypatch, Broken())
    assert demo.run(serve=True) == PROBLEM
    assert served.settings == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"serve": True, "as_json": True}, "--json: expected without --serve"),
        ({"port": 1}, "--port: expected only with --serve"),
        ({"host": "::"}, "--host: expected only with --serve"),
    ],
)
def test_what_does_not_go_together(
    served: Served, tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    """Is refused before anything is made."""
    with pytest.raises(InputError, match=said):
        demo.run(**options)
    assert served.settings == []
    assert not (tmp_path / ".tandem").exists()
