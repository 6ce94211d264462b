"""The demo, and the quality that it promises on content that every machine has."""

from pathlib import Path

import pytest

from tests.e2e.tandem_command import Ran, Tandem


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tandem, Ran]:
    """`tandem demo --json` in an empty folder."""
    tandem = Tandem(tmp_path_factory.mktemp("demo"))
    return tandem, tandem("demo", "--json")


def test_the_demo_indexes_the_standard_library(demo: tuple[Tandem, Ran]) -> None:
    """Thousands of documents, none rejected, and the command succeeds."""
    tandem, ran = demo

    assert ran.code == 0, ran.err
    assert ran.data["documents"] > 3_000
    assert not (tandem.folder / ".tandem" / "demo-rejects.jsonl").exists()


@pytest.mark.parametrize(
    ("configuration", "least"),
    [("lexical", 0.37), ("semantic", 0.50), ("rrf", 0.48), ("hybrid", 0.50)],
)
def test_the_demo_finds_what_was_judged(
    demo: tuple[Tandem, Ran], configuration: str, least: float
) -> None:
    """nDCG@10 over the bundled judgments stays near what it was when they were written."""
    _, ran = demo

    assert ran.data[configuration]["nDCG@10"] >= least


def test_fusion_beats_words_alone(demo: tuple[Tandem, Ran]) -> None:
    """On plain-English questions the hybrid order is well above the lexical one."""
    _, ran = demo

    assert ran.data["hybrid"]["nDCG@10"] > ran.data["lexical"]["nDCG@10"] + 0.05


def test_the_demo_can_be_searched_by_filter(demo: tuple[Tandem, Ran]) -> None:
    """The attributes of the demo's documents can be filtered by."""
    tandem, _ = demo
    arguments = ("--collection", "demo", "--filter", '{"kind": "class"}', "--json")

    hits = tandem("search", "read a csv file as dictionaries", *arguments).data["hits"]

    assert "csv.DictReader" in [hit["document_id"] for hit in hits[:3]]
    assert {hit["attributes"]["kind"] for hit in hits} == {"class"}


def test_a_second_demo_changes_nothing(demo: tuple[Tandem, Ran], tmp_path: Path) -> None:
    """Run again, the demo finds everything unchanged."""
    tandem, first = demo

    again = tandem("demo", "--json")

    assert again.code == 0
    assert again.data == first.data
