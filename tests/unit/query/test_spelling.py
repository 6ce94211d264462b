"""The second try: when there is one, what it replaces, and that it never costs the first."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from query.spelling import CorrectingQuestion, proposed
from query.synonyms import Rewritten, Synonyms, Thesaurus
from tandem.errors import EngineUnavailable
from tandem.lexical import LexicalIndex, Matching, TextWord
from tandem.rankings import Correction, Ranking
from tests.builders import document, filters, schema_of
from tests.small_collection import SmallCollection

TEXTS = [
    document("d1", "the telescope shows distant galaxies"),
    document("d2", "a telescope and its mirror", brand="acme"),
    document("d3", "a telescope on a mountain"),
    document("d4", "mirror mirror"),
    document("d5", "mirrors"),
    document("d6", "Smyth was here"),
    document("d7", "smith"),
    document("d8", "Smith"),
    document("d9", "smiths"),
    document("d10", "smith and smith and smith"),
    document("d11", "a smith"),
]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[SmallCollection]:
    """Telescopes and mirrors."""
    made = SmallCollection(tmp_path, TEXTS)
    yield made
    made.close()


# --- through the pipeline ---


@pytest.mark.parametrize("configuration", ["lexical", "hybrid"])
def test_a_typing_error_is_corrected_and_told(
    collection: SmallCollection, configuration: str
) -> None:
    """The corrected text is searched for, scored, counted and marked."""
    result = collection.search("telescpoe", configuration)
    assert result.correction == Correction("telescope", {"telescpoe": "telescope"})
    assert {"d1", "d2", "d3"} <= {*result.page.document_ids}
    assert result.highlights["d2"].body == "a <mark>telescope</mark> and its mirror"
    if configuration == "lexical":
        assert result.total == 3
    scores = {
        hit.document_id: part.score
        for hit in result.page.hits
        for part in hit.evidence
        if part.leg == "lexical"
    }
    assert scores["d1"]


def test_only_what_is_wrong_is_replaced(collection: SmallCollection) -> None:
    """The rest stays as it was typed."""
    result = collection.search("Mountain, GALXIES!")
    assert result.correction == Correction("Mountain, galaxies!", {"GALXIES": "galaxies"})


def test_what_is_right_is_left_alone(collection: SmallCollection) -> None:
    """Also with little found, and where a filter leaves little."""
    assert collection.search("galaxies").correction is None
    assert collection.search("telescope", filters={"brand": "acme"}).correction is None


def test_meaning_alone_is_not_corrected(collection: SmallCollection) -> None:
    """There is no lexical leg whose words could be."""
    assert collection.search("telescpoe", "semantic").correction is None


def test_it_can_be_switched_off(collection: SmallCollection) -> None:
    """Then a typing error finds nothing."""
    collection.corrects = False
    result = collection.search("telescpoe")
    assert (result.page.document_ids, result.correction, result.total) == ((), None, 0)


def test_a_rare_word_is_still_searched_for(collection: SmallCollection) -> None:
    """One document holds it, so it may be right: what it finds comes first, though five hold what
    may be meant, and both are counted and marked.
    """
    result = collection.search("smyth")
    assert result.correction == Correction("smith", {"smyth": "smith"})
    assert result.page.document_ids[0] == "d6"
    assert set(result.page.document_ids) == {"d6", "d7", "d8", "d9", "d10", "d11"}
    assert [hit.score for hit in result.page.hits] == sorted(
        (hit.score for hit in result.page.hits), reverse=True
    )
    assert result.total == 6
    assert result.highlights["d6"].body == "<mark>Smyth</mark> was here"
    assert result.highlights["d7"].body == "<mark>smith</mark>"


def test_completion_scores_as_retrieval_did(collection: SmallCollection) -> None:
    """What only meaning found stands behind what was typed as well."""
    result = collection.search("smyth", "hybrid")
    scores = {
        hit.document_id: part.score
        for hit in result.page.hits
        for part in hit.evidence
        if part.leg == "lexical"
    }
    found = collection.search("smyth", "lexical").page.scores()
    assert {name: score for name, score in scores.items() if score} == found


def test_a_rare_word_is_not_taken_for_a_rarer_one(tmp_path: Path) -> None:
    """What is right stays as it is, however little it finds."""
    forms = [document("f1", "a form to sign"), document("f2", "the form of a letter")]
    others = [document(f"o{number}", "a knife and a spoon") for number in range(20)]
    made = SmallCollection(tmp_path, [*forms, document("f3", "a fork"), *others])
    result = made.search("form")
    made.close()
    assert (set(result.page.document_ids), result.correction) == ({"f1", "f2"}, None)


def test_an_error_beside_a_word_that_is_right(tmp_path: Path) -> None:
    """The second try finds no other documents than the first, but knows which is the best."""
    guides = [document(f"g{number}", "a guide to cooking", brand="acme") for number in range(5)]
    made = SmallCollection(tmp_path, [*guides, document("p", "a guide to python")])
    result = made.search("pyhton guide")
    filtered = made.search("pyhton guide", filters={"brand": "acme"})
    made.close()
    assert result.page.document_ids[0] == "p"
    assert result.correction == Correction("python guide", {"pyhton": "python"})
    assert (len(filtered.page), filtered.correction) == (5, None), "none is about pythons"


def test_what_finds_nothing_more_is_not_taken(collection: SmallCollection) -> None:
    """Under the filter the corrected word finds nothing either: the answer is about what was
    typed.
    """
    result = collection.search("galxies", filters={"brand": "acme"})
    assert (result.page.document_ids, result.correction) == ((), None)


def test_synonyms_of_what_was_meant(collection: SmallCollection) -> None:
    """A corrected word has its synonyms; a word that has some is not corrected."""
    collection.read_rules('[[synonyms]]\nname = "s"\nfrom = ["galaxies"]\nto = ["mirror"]')
    result = collection.search("galxies")
    assert set(result.page.document_ids) >= {"d1", "d4", "d5"}
    assert result.applied == ("s",)
    collection.read_rules('[[synonyms]]\nname = "s"\nfrom = ["galxies"]\nto = ["mirror"]')
    assert collection.search("galxies").correction is None


def test_later_pages_are_of_the_corrected_text(collection: SmallCollection) -> None:
    """They say so too, and mark what was searched for."""
    first = collection.search("telescpoe", limit=1)
    later = collection.search("", cursor=first.cursor, limit=5)
    assert later.correction == first.correction
    assert later.correction is not None
    bodies = [highlight.body or "" for highlight in later.highlights.values()]
    assert len(bodies) == 2
    assert all("<mark>telescope</mark>" in body for body in bodies)


# --- alone ---


class Words:
    """An index with a vocabulary: word -> documents. Whatever it is asked is noted."""

    def __init__(self, held: Mapping[str, int], meant: Mapping[str, str]) -> None:
        self.held = held
        self.meant = meant
        self.asked: list[str] = []
        self.found: dict[str, list[str]] = {}
        self.error: Exception | None = None
        self.seconds = 0.0

    def search(self, text: str, *, variants: Sequence[str] = (), **keywords: Any) -> Ranking:
        """See ``LexicalIndex``."""
        self.asked.append(" | ".join([text, *variants]))
        names = [name for wording in (text, *variants) for name in self.found.get(wording, ())]
        return Ranking.from_scores("lexical", [(name, 1.0) for name in {*names}])

    def words(self, text: str, *, timeout_seconds: float) -> list[TextWord]:
        """See ``LexicalIndex``."""
        if self.error is not None:
            raise self.error
        time.sleep(self.seconds)
        found, place = [], 0
        for word in text.split():
            start = text.index(word, place)
            place = start + len(word)
            found.append(TextWord(start, place, self.held.get(word.lower(), 0)))
        return found

    def resembling(self, word: str, *, limit: int, timeout_seconds: float) -> list[str]:
        """See ``LexicalIndex``."""
        assert 0 < timeout_seconds <= 10
        self.asked.append(f"~{word}")
        return [self.meant[word]][:limit] if word in self.meant else []


def question(words: Words, text: str, **keywords: Any) -> CorrectingQuestion:
    """A question to it, with no synonyms unless they are given."""
    keywords.setdefault("rewrite", lambda _: Rewritten())
    return CorrectingQuestion(cast("LexicalIndex", words), text, **keywords)


def correction(words: Words, text: str, found: int, covered: Sequence[str] = ()) -> str | None:
    """What is proposed for a text that found so much."""
    until = time.monotonic() + 10
    made = proposed(cast("LexicalIndex", words), text, found, covered, until)
    return None if made is None else made.correction.text


VOCABULARY = Words(
    {"right": 50, "rare": 1, "race": 5, "form": 2, "fork": 9, "word": 9},
    {"wrng": "wrong", "rare": "race", "form": "fork"},
)


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("right wrng", 99, "right wrong"),
        ("right rare", 99, None),
        ("right rare", 2, "right race"),
        ("right form", 2, None),
        ("wrng rare", 2, "wrong rare"),
        ("right word", 0, None),
        ("unknown", 0, None),
        ("wrng7 abc", 0, None),
        ("wrng Wrng", 0, "wrong wrong"),
    ],
)
def test_which_words_are_suspected(text: str, found: int, expected: str | None) -> None:
    """What nobody holds; else, and only where hardly anything was found, what hardly anybody holds
    and what far more hold another word for.
    """
    assert correction(VOCABULARY, text, found) == expected


def test_within_some_documents() -> None:
    """Their words alone are asked for, whatever else the index holds."""
    schema = schema_of(tenant="keyword")
    some = filters(schema, {"tenant": "a"})

    class Divided(Words):
        """Holds a word less for those that are asked for."""

        def words(self, text: str, *, timeout_seconds: float, **within: Any) -> list[TextWord]:
            assert within == {"filters": some}
            return super().words(text, timeout_seconds=timeout_seconds)

        def resembling(
            self, word: str, *, limit: int, timeout_seconds: float, **within: Any
        ) -> list[str]:
            assert within == {"filters": some}
            return super().resembling(word, limit=limit, timeout_seconds=timeout_seconds)

    words = Divided(VOCABULARY.held, VOCABULARY.meant)
    words.found = {"wrong": ["a"]}
    asked = question(words, "wrng", within=some)
    assert asked.retrieve((), 10, 10.0).document_ids == ("a",)
    assert asked.correction == Correction("wrong", {"wrng": "wrong"})


def test_covered_words_are_not_suspected() -> None:
    """Somebody wrote them into the synonyms on purpose."""
    assert correction(VOCABULARY, "right wrng", 0, ["wrng"]) is None


def test_the_second_try_is_asked_as_the_first() -> None:
    """Beside what was typed where a document holds it; and no more than that."""
    words = Words(VOCABULARY.held, VOCABULARY.meant)
    words.found = {"wrong": ["a"], "race": ["b"], "rare": ["c"]}
    asked = question(words, "wrng")
    assert asked.retrieve((), 10, 10.0).document_ids == ("a",)
    assert words.asked == ["wrng", "~wrng", "wrong"]
    assert asked.matching() == Matching("wrong", ())
    words.asked.clear()
    asked = question(words, "rare")
    assert asked.retrieve((), 10, 10.0).document_ids == ("c", "b")
    assert words.asked == ["rare", "~rare", "race"]
    assert asked.matching() == Matching("race", ("rare",))


def test_what_is_cut_off_has_found_enough() -> None:
    """As many as were asked for: there may be more, which would have to come first as well."""
    words = Words(VOCABULARY.held, VOCABULARY.meant)
    words.found = {"race": ["b"], "rare": ["c"]}
    asked = question(words, "rare")
    assert asked.retrieve((), 1, 10.0).document_ids == ("c",)
    assert asked.correction is None


def test_synonyms_before_and_after() -> None:
    """A question has those of the text that it asks in the end."""
    words = Words({}, {"wrng": "wrong"})
    thesaurus = Thesaurus([Synonyms("s", ("wrong",), ("false",)), Synonyms("t", ("x",), ("y",))])
    before = question(words, "wrng x", rewrite=thesaurus.rewrite)
    before.retrieve((), 10, 10.0)
    assert words.asked == ["wrng x | wrng y", "~wrng", "wrong x | false x | wrong y | false y"]
    assert (before.applied, before.correction) == (("t",), None), "it has found nothing"
    words.found = {"wrong x": ["a"]}
    after = question(words, "wrng x", rewrite=thesaurus.rewrite)
    after.retrieve((), 10, 10.0)
    assert after.correction == Correction("wrong x", {"wrng": "wrong"})
    assert after.applied == ("s", "t")


def test_a_long_text_has_no_second_try() -> None:
    """Sixteen words have one."""
    words = Words({"a": 9}, {"wrng": "wrong"})
    question(words, "a " * 16 + "wrng").retrieve((), 10, 10.0)
    assert len(words.asked) == 1
    words.asked.clear()
    question(words, "a " * 15 + "wrng").retrieve((), 10, 10.0)
    assert len(words.asked) == 3


@pytest.mark.parametrize("error", [EngineUnavailable("late"), ValueError("odd")])
def test_what_fails_leaves_the_first_answer(error: Exception) -> None:
    """Quietly: the reply does not lack anything that was asked for."""
    words = Words({}, {"wrng": "wrong"})
    words.found, words.error = {"wrng": ["first"]}, error
    asked = question(words, "wrng")
    assert asked.retrieve((), 10, 10.0).document_ids == ("first",)
    assert asked.correction is None


def test_what_is_late_leaves_the_first_answer() -> None:
    """The leg's time is the query's, whatever it is used for."""
    words = Words({}, {"wrng": "wrong"})
    words.found, words.seconds = {"wrng": ["first"], "wrong": ["a"]}, 0.05
    asked = question(words, "wrng")
    assert asked.retrieve((), 10, 0.01).document_ids == ("first",)
    assert words.asked == ["wrng"], "nothing is asked when the time is over"
