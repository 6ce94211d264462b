"""The demo, and the quality that it promises on content that every machine has."""

import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.e2e.forking import FOLDER
from tests.e2e.tandem_command import Ran, Tandem

EMBEDDINGS = Path(".tandem") / "embeddings.sqlite"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tandem, Ran]:
    """`tandem demo --json --no-readers` in a folder without a collection. What `make demo` has
    embedded in the checkout is not embedded again, which would take minutes.
    """
    tandem = Tandem(tmp_path_factory.mktemp("demo"))
    if (FOLDER / EMBEDDINGS).is_file():
        copy_database(FOLDER / EMBEDDINGS, tandem.folder / EMBEDDINGS)
    return tandem, tandem("demo", "--json", "--no-readers")


def copy_database(source: Path, target: Path) -> None:
    """With what stands in its write-ahead log."""
    target.parent.mkdir()
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


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

    again = tandem("demo", "--json", "--no-readers")

    assert again.code == 0
    assert again.data == first.data


@pytest.mark.long
def test_simulated_readers_teach_the_demo(demo: tuple[Tandem, Ran], tmp_path: Path) -> None:
    """Personal features help readers who were held out, nobody else loses, and what was measured
    before stays as it was; a second demo learns nothing anew. Over a thousand searches take their
    time.
    """
    known, first = demo
    tandem = Tandem(tmp_path)
    shutil.copytree(known.folder / ".tandem", tandem.folder / ".tandem")

    taught = tandem("demo", "--json")
    again = tandem("demo", "--json")

    assert taught.code == 0, taught.err
    said = taught.data["simulated_readers"]
    assert said["is_live"]
    assert said["lift_by_personal"]["nDCG@10"]["low"] > 0
    assert (
        said["models"]["model"]["nDCG@10"]["mean"] > said["models"]["untrained"]["nDCG@10"]["mean"]
    )
    unasked = said["unasked_queries"]
    assert unasked["with_model"]["nDCG@10"] > unasked["without_model"]["nDCG@10"] - 0.02
    assert {name: taught.data[name] for name in first.data} == first.data
    assert again.data == taught.data
    assert "simulated readers search" not in again.err


def test_the_demo_is_served_until_it_is_stopped(demo: tuple[Tandem, Ran]) -> None:
    """At once, as it is indexed already; whose order can be looked at is said."""
    tandem, _ = demo
    with subprocess.Popen(
        tandem.command("demo", "--serve", "--no-readers", "--port", "0"),
        cwd=tandem.folder,
        env=tandem.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, "")
            said = next(line for line in lines if line.startswith("serving the demo at "))
            query = {"q": "os.walk", "configuration": "lexical", "budget_ms": "20000"}
            reply = httpx2.get(said.split()[4].rstrip(";") + "/v1/search", params=query)
            assert reply.json()["hits"][0]["document_id"] == "os.walk"
            process.send_signal(signal.SIGTERM)
            rest = process.stderr.read()  # also what was read ahead with the line above
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "Cleo, who automates files" in rest
    assert "how good it finds" not in out
