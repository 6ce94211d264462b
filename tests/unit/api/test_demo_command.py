"""`tandem demo` over a few made-up names: what an upgrade and a failure leave behind."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from api.commands import demo
from api.console import FOUND, PROBLEM
from indexer.sources.records import Place, Record
from tandem.errors import ModelError
from tandem.protocols import Embedder, FloatMatrix
from tests.fakes import HashEmbedder

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
