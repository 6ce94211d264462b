"""`tandem verify` as a user runs it: what it finds, mends and says."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from indexer.findings import Kind
from tandem.analysis import ENGLISH
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.engines.qdrant_edge_index import QdrantEdgeIndex
from tandem.engines.tantivy_index import TantivyIndex
from tests.e2e.conftest import BOOKS
from tests.e2e.tandem_command import Tandem
from tests.integration.drift import LexicalDrift, VectorDrift


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Tandem:
    """Four books, indexed; what a test breaks it mends."""
    made = Tandem(tmp_path_factory.mktemp("library"))
    (made.folder / "books.jsonl").write_text(BOOKS, "utf-8")
    indexed = made("index", "books.jsonl")
    assert indexed.code == 0, indexed.err
    return made


def damage(tandem: Tandem, leg: str, kind: Kind, document_id: str) -> None:
    """Plant drift in an index while no command runs."""
    data = tandem.folder / ".tandem"
    catalog = Catalog(file_url(data / "documents.sqlite"), file_url(data / "embeddings.sqlite"))
    generation = catalog.releases.generation(1)
    (change,) = catalog.documents.changes_of("main", [document_id])
    catalog.close()
    assert change.document is not None
    if leg == "lexical":
        folder = data / "lexical" / generation.lexical_name / "data"
        lexical = TantivyIndex(folder, generation.schema, ENGLISH)
        drift = LexicalDrift(lexical, generation.schema)
        with closing(lexical):
            drift.plant(kind, change.sequence, change.document)
        return
    folder = data / "vector" / generation.vector_name / "data"
    vector = QdrantEdgeIndex(folder, generation.schema, generation.dimension)
    with closing(vector):
        VectorDrift(vector, generation.schema).plant(kind, change.sequence, change.document)


def test_clean_indexes_leave_with_0(library: Tandem) -> None:
    """Everything is compared, by content too; the seed is told, so that it can be repeated."""
    told = library("verify", "--seed", "7")
    assert told.code == 0, told.out
    assert "main: 4 documents in the log" in told.out
    for leg in ("lexical", "vector"):
        assert f"{leg} index, generation 1: holds what the log says (4 compared, 4 of" in told.out
    assert "the sample's seed is 7" in told.out
    assert "next:" not in told.out + told.err

    data = library("verify", "--json", "--sample", "2").data
    assert (data["clean"], data["collection"]) == (True, "main")
    assert [index["sampled"] for index in data["indexes"]] == [2, 2]
    assert len({index["seed"] for index in data["indexes"]}) == 1


def test_drift_is_told_and_mended(library: Tandem) -> None:
    """Each leg's own; with 1 as long as it is there, and a line that says what to do."""
    damage(library, "lexical", Kind.MISSING, "b1")
    damage(library, "lexical", Kind.ALTERED, "b2")
    damage(library, "vector", Kind.ALTERED, "b3")
    damage(library, "vector", Kind.DOUBLED, "b4")
    expected = [
        {Kind.MISSING: ["b1"], Kind.ALTERED: ["b2"]},
        {Kind.ALTERED: ["b3"], Kind.DOUBLED: ["b4"]},
    ]

    looked = library("verify")
    assert looked.code == 1
    assert looked.out.count("differs from the log") == 2
    assert "b1: the log has sequence" in looked.out
    assert "b2: differs in body, attributes" in looked.out
    assert "b3: passage 1 of 1: cosine" in looked.out
    assert looked.out.splitlines()[-1] == "next: tandem verify --repair"

    for arguments, code in (((), 1), (("--repair",), 0)):
        answer = library("verify", "--json", *arguments)
        assert answer.code == code
        for index, kinds in zip(answer.data["indexes"], expected, strict=True):
            found = {
                kind: [example["document_id"] for example in shown["examples"]]
                for kind, shown in index["found"].items()
                if shown["count"]
            }
            assert found == {str(kind): names for kind, names in kinds.items()}
            left = index["left"]
            assert (left is None) is (not arguments)
            assert not left or not any(shown["count"] for shown in left.values())
    assert library("verify").code == 0
    hits = library("search", "himalaya", "--configuration", "lexical", "--json").data["hits"]
    assert [hit["document_id"] for hit in hits] == ["b1"]


def test_repair_says_what_it_mended(library: Tandem) -> None:
    """For a person."""
    damage(library, "vector", Kind.MISSING, "b2")
    told = library("verify", "--repair", "--collection", "main")
    assert told.code == 0
    words = [line.split() for line in told.out.splitlines()]
    assert ["missing", "1"] in words
    assert ["mended", "1"] in words
    assert "next:" not in told.out


def test_status_remembers_what_verify_found(library: Tandem) -> None:
    """The last time: what was found, what was repaired; then nothing any more."""

    def told() -> list[dict[str, int | dict[str, int]]]:
        indexes = library("status", "--json").data["collections"][0]["indexes"].values()
        return [{key: index["verified"][key] for key in ("findings", "repaired")}
                for index in indexes]  # fmt: skip

    clean = {"findings": {}, "repaired": 0}
    damage(library, "vector", Kind.MISSING, "b2")
    assert library("verify").code == 1
    assert told() == [clean, {"findings": {"missing": 1}, "repaired": 0}]
    assert library("verify", "--repair").code == 0
    assert told() == [clean, {"findings": {"missing": 1}, "repaired": 1}]
    assert "1 missing, 1 repaired" in library("status").out
    assert library("verify").code == 0
    assert told() == [clean, clean]
    assert library("status").out.count("UTC: no drift") == 2


def test_a_damaged_index_is_told_and_the_other_is_verified(tandem: Tandem) -> None:
    """Exit code 1, the reason and what to do; the leg that is well is compared all the same."""
    (tandem.folder / "books.jsonl").write_text(BOOKS, "utf-8")
    assert tandem("index", "books.jsonl").code == 0
    (settings,) = (tandem.folder / ".tandem" / "vector").rglob("edge_config.json")
    settings.write_bytes(settings.read_bytes()[:10])

    answer = tandem("verify", "--json")
    assert answer.code == 1
    lexical, vector = answer.data["indexes"]
    assert lexical["clean"]
    assert not vector["clean"]
    assert "cannot be opened" in vector["error"]["message"]
    assert "delete the folder" in vector["error"]["hint"]
    indexes = tandem("status", "--json").data["collections"][0]["indexes"]
    assert indexes["lexical"]["verified"]["findings"] == {}
    assert indexes["vector"]["verified"] is None, "it was not read to its end"
    told = tandem("verify")
    assert told.code == 1
    assert "vector index, generation 1: could not be verified to the end" in told.out
    assert "cannot be opened" in told.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--sample", "-1"), "--sample"),
        (("--seed", "x"), "--seed"),
        (("--seed", str(2**32)), "--seed"),
        (("--collection", "films"), "no collection 'films'"),
        (("--data-dir", "elsewhere"), "no data folder"),
    ],
)
def test_bad_use_leaves_with_2(library: Tandem, arguments: tuple[str, ...], said: str) -> None:
    """And says what to do next; nothing is made."""
    answer = library("verify", "--json", *arguments)
    assert answer.code == 2
    assert said in json.loads(answer.out)["error"]["message"]
    assert answer.data["error"]["hint"]
    assert not Path(library.folder / "elsewhere").exists()
