"""Other wordings of a text: what is found, scored and marked beside its own words."""

from collections.abc import Mapping, Sequence

import pytest

from tandem.lexical import LexicalIndex
from tandem.rankings import Ranking
from tests.builders import document, filters, upserts
from tests.contracts.lexical_base import SCHEMA, TIMEOUT, LexicalContract, found, search, write
from tests.contracts.lexical_highlights import marks

WORDS = ("zebra", "horse", "donkey", "mule", "river", "stone")
WORDINGS = [
    ("zebra", ["horse"]),
    ("zebra", ["horse donkey", "mule"]),
    ("zebra stone", ["horse stone", "zebras stones"]),
    ("the", ["horse", "mule"]),
    ("zebra", ["the", "", "!?"]),
    ("unheard", ["river stone"]),
    ("zebra", ["zebra", "zebra"]),
]


def fill(index: LexicalIndex) -> list[str]:
    """Documents that hold some of the words, often several times, in two commits."""
    bodies = [
        " ".join(WORDS[(n * 7 + step * (n % 3 + 1)) % 6] for step in range(n % 5 + 1))
        for n in range(60)
    ]
    sent = [
        document(f"d{n:02}", body, title=WORDS[n % 6], year=n % 3) for n, body in enumerate(bodies)
    ]
    write(index, upserts(sent[:35]))
    write(index, upserts(sent[35:], 36))
    return [item.document_id for item in sent]


def best(index: LexicalIndex, texts: Sequence[str]) -> Mapping[str, float]:
    """Each document's best score over searches for the texts one by one."""
    scores: dict[str, float] = {}
    for text in texts:
        for document_id, score in search(index, text, 1_000).scores().items():
            scores[document_id] = max(score, scores.get(document_id, score))
    return scores


class WordingsContract(LexicalContract):
    """Variants of a text."""

    @pytest.mark.parametrize(("text", "variants"), WORDINGS)
    def test_a_score_is_the_best_over_the_wordings(
        self, index: LexicalIndex, text: str, variants: list[str]
    ) -> None:
        """Not their sum: a document that holds both words of a synonym is worth no more."""
        names = fill(index)
        expected = best(index, [text, *variants])
        assert 0 < len(expected) < len(names)
        ranking = search(index, text, 1_000, variants=variants)
        assert ranking.scores() == pytest.approx(expected, rel=1e-5)
        ordered = sorted(ranking.hits, key=lambda hit: (-hit.score, hit.document_id))
        assert [hit.document_id for hit in ordered] == list(ranking.document_ids)
        cut = search(index, text, 7, variants=variants)
        assert cut.document_ids == ranking.document_ids[:7]

    @pytest.mark.parametrize(("text", "variants"), WORDINGS)
    def test_score_is_searchs_score_with_variants(
        self, index: LexicalIndex, text: str, variants: list[str]
    ) -> None:
        """``score`` gives what ``search`` gives, and leaves out what matches no wording."""
        names = fill(index)
        expected = search(index, text, 1_000, variants=variants).scores()
        scored = index.score(text, [*names, "x"], variants=variants, timeout_seconds=TIMEOUT)
        assert scored == pytest.approx(expected, rel=1e-5)
        few = index.score(text, names[:9], variants=variants, timeout_seconds=TIMEOUT)
        assert few.keys() == expected.keys() & set(names[:9])

    def test_wordings_without_a_searchable_word(self, index: LexicalIndex) -> None:
        """A text of stop words is found by a variant; where none has a word, nothing is."""
        write(index, upserts([document("a", "the zebra"), document("b", "the horse")]))
        assert found(index, "the", variants=["zebra"]) == {"a"}
        assert found(index, "", variants=["zebra", "of the"]) == {"a"}
        assert search(index, "the", variants=["of", "", "!?"]) == Ranking("lexical")
        assert index.score("the", ["a"], variants=["of"], timeout_seconds=TIMEOUT) == {}
        assert index.score("the", [], variants=["zebra"], timeout_seconds=TIMEOUT) == {}

    def test_filters_hold_for_every_wording(self, index: LexicalIndex) -> None:
        """A variant brings nothing back that a filter takes away, and scores stay."""
        fill(index)
        everything = search(index, "zebra", 1_000, variants=["horse", "mule"])
        under = filters(SCHEMA, {"year": [0, 2]})
        left = search(index, "zebra", 1_000, variants=["horse", "mule"], filters=under)
        kept = {name for name in everything.document_ids if int(name[1:]) % 3 != 1}
        assert set(left.document_ids) == kept
        assert left.scores() == pytest.approx(
            {name: score for name, score in everything.scores().items() if name in kept}, rel=1e-5
        )

    def test_many_and_long_wordings(self, index: LexicalIndex) -> None:
        """Dozens of variants, some of hundreds of words, are only words."""
        write(index, upserts([document("a", "zebra"), document("b", "beta"), document("c", "x")]))
        variants = [f"word{number} " * 200 for number in range(40)]
        assert found(index, "alpha", variants=[*variants, "beta"]) == {"b"}
        assert found(index, "zebra", variants=[*variants, "beta"]) == {"a", "b"}

    def test_words_of_every_wording_are_marked(self, index: LexicalIndex) -> None:
        """Title and body are marked by the text's words and the variants', in all their forms."""
        sent = [
            document("a", "Zebras run, horses too", title="The zebra"),
            document("b", "A horse"),
            document("c", "A stone"),
        ]
        write(index, upserts(sent))

        def shown(text: str, *variants: str) -> Mapping[str, Mapping[str, str]]:
            names = ["a", "b", "c"]
            return index.highlight(text, names, variants=variants, timeout_seconds=TIMEOUT)

        both = shown("running zebra", "horse running")
        assert both.keys() == {"a", "b"}
        assert marks(both["a"], "title") == ["zebra"]
        assert marks(both["a"]) == ["Zebras", "run", "horses"]
        assert marks(both["b"]) == ["horse"]
        assert shown("the", "horses").keys() == {"a", "b"}
        assert shown("the", "of", "") == {}
        assert shown("zebra") == index.highlight("zebra", ["a"], timeout_seconds=TIMEOUT)
