"""What the settings say of searching reaches the searches of a collection."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.collection import OpenCollection
from indexer.indexing import catch_up
from query.past_queries import PastQueries
from query.suggesting import Suggestion
from tandem.documents import Document
from tandem.errors import DocumentNotFound, FilterError, SettingsError
from tandem.queries import Query
from tandem.rankings import Correction
from tandem.scoring import LexicalScoring
from tests.owned_house import NAME, owned, settings_in
from tests.unit.query.test_past_queries import asked_by

pytestmark = pytest.mark.usefixtures("models")

TITLED = Document("titled", "Marked things", "things", {"note": "mark3 mark4", "kind": "other"})


@contextmanager
def opened(folder: Path, **search: Any) -> Iterator[OpenCollection]:
    """Twenty documents and one with a title, in both indexes."""
    settings = settings_in(folder, search={"budget_ms": 20_000, **search})
    with owned(settings) as house:
        house.catalog.documents.append(NAME, "test", [TITLED])
        collection = house.collection(NAME)
        assert catch_up(collection.followers) == []
        yield collection


def test_the_blended_score_goes_by_the_settings_shares(tmp_path: Path) -> None:
    """It is the order that is served without a model."""
    asked = Query("word3 word4", wants_features=True)
    with opened(tmp_path, lexical={"share": 3.0}, vector={"share": 1.0}) as collection:
        result = collection.searcher().search(asked)
        assert result.features is not None
        names = ("blended_score", "lexical_share", "vector_share")
        blended, lexical, vector = np.nan_to_num(result.features.columns(names).values).T
        assert blended == pytest.approx((3.0 * lexical + vector) / 4.0)
        assert [hit.score for hit in result.page.hits] == pytest.approx(4.0 * blended)


def test_words_score_as_the_settings_say(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A weight of what is no text field counts for nothing; that is told once."""
    asked = Query("word3 mark3", limit=1)
    lexical = {"weights": {"note": 3.0, "nota": 9.0}, "phrase": 1.0, "proximity": 1.0}
    with opened(tmp_path, lexical=lexical) as collection:
        ours = [collection.searcher("lexical").search(asked).page.hits[0] for _ in range(2)]
        index, scoring = collection.lexical.index, LexicalScoring.of({"note": 3.0}, 1.0, 1.0)
        search = partial(index.search, "word3 mark3", limit=1, timeout_seconds=9.0)
        wished = search(scoring=scoring).hits[0]
        assert [hit.score for hit in ours] == [wished.score] * 2
        assert wished.score > search().hits[0].score
    assert caplog.text.count("a weight counts for nothing: search.lexical.weights.nota") == 1


def hiding(document_id: str) -> str:
    """A file with a synonym, and a rule that hides a document."""
    return (
        '[[synonyms]]\nname = "s"\nfrom = ["thing"]\nto = ["word7"]\n'
        f'[[rules]]\nname = "r"\nquery = "word3"\nhide = ["{document_id}"]\n'
    )


def test_rules_are_those_of_the_file_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed file counts for the next search, without a restart."""
    monkeypatch.setattr("query.rules_file.LOOK_SECONDS", 0.0)
    file = tmp_path / "rules.toml"
    file.write_text(hiding("d3"))
    with opened(tmp_path, rules=file) as collection:
        searcher = collection.searcher("lexical")
        assert set(searcher.search(Query("thing")).page.document_ids) == {"titled", "d7"}
        assert searcher.search(Query("word3")).page.document_ids == ()
        file.write_text(hiding("nothing"))
        result = searcher.search(Query("word3"))
        assert (result.page.document_ids, result.applied) == (("d3",), ("r",))
        file.write_text("[[rules]")
        assert searcher.search(Query("word3")).applied == ("r",)
        assert "not TOML" in (collection.searching.rules.fault or "")


def test_how_rules_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are looked at though nobody searches, and held against the live schema."""
    monkeypatch.setattr("query.rules_file.LOOK_SECONDS", 0.0)
    file = tmp_path / "rules.toml"
    file.write_text(hiding("d3"))
    with opened(tmp_path, rules=file) as collection:
        searching, schema = collection.searching, collection.generation.schema
        assert searching.rules_state(schema) == "ok"
        file.write_text(hiding("d3") + "boost = [{ filter = { colour = 1 }, by = 2 }]")
        assert searching.rules_state(schema) == "unfit"
        file.write_text("[[rules]")
        assert searching.rules_state(schema) == "outdated"


def test_broken_rules_are_told_to_who_searches(tmp_path: Path) -> None:
    """Who only indexes does not need them."""
    with opened(tmp_path, rules=tmp_path / "missing.toml") as collection:
        assert collection.passed() == 21
        with pytest.raises(SettingsError, match=r"missing\.toml: cannot be read"):
            collection.searcher().search(Query("word3"))


@pytest.mark.parametrize("corrects", [True, False])
def test_spelling_is_corrected_if_it_is_wanted(tmp_path: Path, corrects: bool) -> None:
    """By default it is."""
    settings = {} if corrects else {"correct_spelling": False}
    with opened(tmp_path, **settings) as collection:
        result = collection.searcher("lexical").search(Query("thigns"))
        expected = Correction("things", {"thigns": "things"}) if corrects else None
        assert result.correction == expected
        assert len(result.page) == corrects


def test_similar_documents(tmp_path: Path) -> None:
    """Over real engines, by both legs."""
    with opened(tmp_path) as collection:
        searcher = collection.searcher("rrf")
        query = Query("", surface="similar", seed_document_id="d3", facets=("kind",), limit=3)
        searcher.check(query)
        first = searcher.search(query)
        ids = first.page.document_ids
        assert "d3" not in ids
        assert (len(ids), first.total, first.degraded) == (3, 20, ())
        assert first.facets == {"kind": {"k": 19, "other": 1}}
        with pytest.raises(DocumentNotFound):
            searcher.search(Query("", surface="similar", seed_document_id="d99"))


def test_suggestions(tmp_path: Path) -> None:
    """Titles of the live index under a filter, and past queries without one."""
    past = PastQueries()
    past.add(asked_by("marked down", 5))
    with opened(tmp_path) as collection:
        found = collection.suggest("mar", {}, 5, past)
        assert found.items == (
            Suggestion("marked down", "query"),
            Suggestion("Marked things", "title"),
        )
        assert collection.suggest("mar", {"kind": "k"}, 5, past).items == ()
        assert collection.suggest("makred t", {"kind": "other"}, 5, past).items == (
            Suggestion("Marked things", "title"),
        )
        with pytest.raises(FilterError):
            collection.suggest("mar", {"knd": "k"}, 5, past)
