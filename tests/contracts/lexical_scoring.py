"""How words score as a search wishes: weights of fields, and what words that stand together add."""

from collections.abc import Mapping

import pytest

from tandem.lexical import LexicalIndex
from tandem.scoring import DEFAULT, MOST_PAIRS, LexicalScoring
from tests.builders import document, upserts
from tests.contracts.lexical_base import TIMEOUT, LexicalContract, search, write

TOGETHER = {
    "side": "cell membrane filler filler filler filler filler filler filler filler filler filler",
    "seven": "cell filler filler filler filler filler filler membrane filler filler filler filler",
    "eight": "cell filler filler filler filler filler filler filler membrane filler filler filler",
    "turned": "membrane filler filler filler filler cell filler filler filler filler filler filler",
    "apart": "membrane filler filler filler filler filler cell filler filler filler filler filler",
}
"""Documents of one length that hold two words once: only how they stand tells them apart."""

PHRASE = LexicalScoring(phrase=1.0)
NEAR = LexicalScoring(proximity=1.0)
HELD = ("cell", "membrane", "of", "the", "drug", "effect")


def scores(index: LexicalIndex, text: str, scoring: LexicalScoring) -> Mapping[str, float]:
    """Of everything that is found."""
    return search(index, text, 1_000, scoring=scoring).scores()


def added(index: LexicalIndex, text: str, scoring: LexicalScoring) -> dict[str, float]:
    """What a scoring adds to each score; what it adds nothing to is left out."""
    plain = scores(index, text, DEFAULT)
    wished = scores(index, text, scoring)
    assert wished.keys() == plain.keys(), "what matches does not go by the scoring"
    more = {name: wished[name] - score for name, score in plain.items()}
    return {name: gain for name, gain in more.items() if abs(gain) > 1e-5}


def fill(index: LexicalIndex) -> None:
    """The documents of which two words are known to stand together, or not."""
    write(index, upserts([document(name, body) for name, body in TOGETHER.items()]))


class ScoringContract(LexicalContract):
    """Scorings other than the default one."""

    def test_a_fields_weight_is_the_searchs(self, index: LexicalIndex) -> None:
        """In place of the schema's, whatever the field; one that is not named keeps its own."""
        sent = [
            document("title", "stone stone", title="zebra"),
            document("body", "zebra stone", title="stone"),
            document("abstract", "stone", title="stone", abstract="zebra"),
        ]
        write(index, upserts(sent))
        plain = scores(index, "zebra", DEFAULT)
        assert scores(index, "zebra", LexicalScoring.of({"title": 1.0, "body": 1.0})) == plain
        for field in ("title", "body", "abstract"):
            wished = scores(index, "zebra", LexicalScoring.of({field: 5.0}))
            assert max(wished, key=lambda name: wished[name]) == field
            assert [name for name in wished if wished[name] > plain[name] + 1e-6] == [field]
            without = scores(index, "zebra", LexicalScoring.of({field: 0.0}))
            assert [name for name in without if without[name] < plain[name] - 1e-6] == [field]

    def test_a_weight_of_no_text_field_counts_for_nothing(self, index: LexicalIndex) -> None:
        """It may be one of another generation."""
        fill(index)
        for name in ("summary", "year"):
            scoring = LexicalScoring.of({name: 9.0})
            assert scores(index, "cell membrane", scoring) == scores(
                index, "cell membrane", DEFAULT
            )

    def test_a_phrase_is_words_side_by_side(self, index: LexicalIndex) -> None:
        """In the order of the text; documents where they stand otherwise keep their scores."""
        fill(index)
        once = added(index, "cell membrane", PHRASE)
        assert once.keys() == {"side"}
        assert added(index, "cells' membranes", PHRASE) == pytest.approx(once, rel=1e-4)
        twice = added(index, "cell membrane", LexicalScoring(phrase=2.0))
        assert twice["side"] == pytest.approx(2 * once["side"], rel=1e-4)
        assert added(index, "membrane cell", PHRASE) == {}
        assert added(index, "cell", PHRASE) == {}

    def test_near_is_within_eight_words(self, index: LexicalIndex) -> None:
        """In the order of the text six others may stand between them, in the other one four."""
        fill(index)
        near = added(index, "cell membrane", NEAR)
        assert near.keys() == {"side", "seven", "turned"}
        assert near["side"] == max(near.values())
        assert added(index, "membrane cell", NEAR).keys() == {"side", "turned", "apart"}

    def test_both_add_up(self, index: LexicalIndex) -> None:
        """A phrase is near, too."""
        fill(index)
        both = added(index, "cell membrane", LexicalScoring.of({}, phrase=0.5, proximity=0.25))
        phrase, near = (added(index, "cell membrane", scoring) for scoring in (PHRASE, NEAR))
        assert both["side"] == pytest.approx(0.5 * phrase["side"] + 0.25 * near["side"], rel=1e-4)
        assert both["seven"] == pytest.approx(0.25 * near["seven"], rel=1e-4)

    def test_stop_words_between_two_words_keep_their_places(self, index: LexicalIndex) -> None:
        """Neighbours are the searchable words; as a phrase they stand as far apart as they do in
        the text, near each other whatever lies between them there.
        """
        write(
            index,
            upserts(
                [
                    document("as said", "effect of the drug zebra"),
                    document("others", "effect zebra stone drug"),
                    document("shorter", "effect of drug zebra stone"),
                    document("side", "effect drug zebra stone"),
                ]
            ),
        )
        phrase = added(index, "the effect of a drug", PHRASE)
        assert phrase.keys() == {"as said", "others"}
        assert added(index, "effect drug", PHRASE).keys() == {"side"}
        assert len(added(index, "effect of the drug", NEAR)) == 4

    def test_only_neighbours_make_a_pair(self, index: LexicalIndex) -> None:
        """Each pair counts by itself: a long text need not stand there whole."""
        write(
            index,
            upserts(
                [
                    document("first", "cell membrane zebra stone river horse"),
                    document("skipping", "cell drug zebra stone river horse"),
                    document("all", "cell membrane drug stone river horse"),
                ]
            ),
        )
        more = added(index, "cell membrane drug", PHRASE)
        assert more.keys() == {"first", "all"}
        assert more["all"] > more["first"]

    def test_fields_are_one_text(self, index: LexicalIndex) -> None:
        """Words of any field may stand together; a title's last one stands beside the first one of
        the field behind it.
        """
        sent = [
            document("title", "stone", title="cell membrane"),
            document("abstract", "stone", title="zebra", abstract="cell membrane"),
            document("border", "membrane stone", title="the cell"),
            document("neither", "cell", title="membrane stone"),
        ]
        write(index, upserts(sent))
        assert added(index, "cell membrane", PHRASE).keys() == {"title", "abstract", "border"}

    @pytest.mark.parametrize(
        "scoring",
        [PHRASE, NEAR, LexicalScoring.of({"title": 3.0, "abstract": 0.0}, 0.3, 0.2)],
        ids=str,
    )
    def test_score_is_searchs_score_whatever_the_scoring(
        self, index: LexicalIndex, scoring: LexicalScoring
    ) -> None:
        """With variants, each of which has its own pairs; a score is the best over them."""
        sent = [
            document(
                f"d{n:02}",
                " ".join(HELD[(n * 5 + step * (n % 4 + 1)) % 6] for step in range(n % 7 + 2)),
                title=HELD[n % 6],
            )
            for n in range(50)
        ]
        write(index, upserts(sent[:30]))
        write(index, upserts(sent[30:], 31))
        text, variants = "effect of the drug", ["drug effect", "cell membrane"]
        expected = search(index, text, 1_000, variants=variants, scoring=scoring).scores()
        asked = [item.document_id for item in sent]
        found = index.score(
            text, asked, variants=variants, scoring=scoring, timeout_seconds=TIMEOUT
        )
        assert found == pytest.approx(expected, rel=1e-5)
        each = [scores(index, wording, scoring) for wording in (text, *variants)]
        best = {name: max(said[name] for said in each if name in said) for name in {*expected}}
        assert expected == pytest.approx(best, rel=1e-5)
        assert any(added(index, wording, scoring) for wording in (text, *variants))

    def test_long_texts_with_pairs(self, index: LexicalIndex) -> None:
        """However many words there are: pairs of the first ones are looked for, and all match."""
        fill(index)
        words = " ".join(f"word{number}" for number in range(2_000))
        both = LexicalScoring.of({}, phrase=1.0, proximity=1.0)
        assert added(index, f"cell membrane {words}", both).keys() == {"side", "seven", "turned"}
        assert added(index, f"{words} cell membrane", both) == {}
        variants = [f"{words} {number}" for number in range(MOST_PAIRS)]
        found = search(index, "cell membrane", 1_000, variants=variants, scoring=both)
        assert {*found.document_ids} == {*TOGETHER}

    def test_texts_without_a_pair(self, index: LexicalIndex) -> None:
        """One word, none, and one beside itself."""
        fill(index)
        both = LexicalScoring.of({}, phrase=1.0, proximity=1.0)
        for text in ("cell", "cell, cells", "cell the", "the of", ""):
            assert scores(index, text, both) == scores(index, text, DEFAULT)
