"""Scores, their order, and what filters leave."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from tandem.lexical import LexicalIndex
from tests.builders import deletion, document, filters, upserts
from tests.contracts import filters_oracle as oracle
from tests.contracts.lexical_base import (
    SCHEMA,
    TIMEOUT,
    LexicalContract,
    found,
    search,
    write,
)


class RankingsContract(LexicalContract):
    """Rankings, scores and filters."""

    def test_ranking_is_named_and_ordered(self, index: LexicalIndex) -> None:
        """Ranks count from 1, scores fall, and the ranking is named ``lexical``."""
        write(index, upserts([document(f"d{n}", "zebra " * n + "horse " * 9) for n in range(1, 9)]))
        ranking = search(index, "zebra")
        assert ranking.name == "lexical"
        assert [hit.rank for hit in ranking.hits] == list(range(1, 9))
        scores = [hit.score for hit in ranking.hits]
        assert scores == sorted(scores, reverse=True)
        assert min(scores) > 0

    def test_ties_stand_in_order_of_id(self, index: LexicalIndex) -> None:
        """Equal scores are ordered by id, whatever the order of indexing and of commits."""
        names = ["m", "c", "z", "a", "k", "b"]
        for sequence, name in enumerate(names, start=1):
            write(index, upserts([document(name, "zebra")], sequence))
        assert search(index, "zebra").document_ids == ("a", "b", "c", "k", "m", "z")

    @pytest.mark.parametrize("limit", [1, 2, 5, 29, 30, 31])
    def test_ties_at_the_limit_are_cut_by_id(self, index: LexicalIndex, limit: int) -> None:
        """Where equal scores meet the limit, the smaller ids stay: nothing depends on luck."""
        best = document("zz", "zebra zebra")
        equal = [document(f"d{number:02}", "zebra horse") for number in reversed(range(29))]
        for sequence, part in enumerate((equal[:10], equal[10:], [best])):
            write(index, upserts(part, 1 + 100 * sequence))
        expected = ("zz", *(f"d{number:02}" for number in range(29)))
        assert search(index, "zebra", limit).document_ids == expected[:limit]

    def test_limit_is_kept(self, index: LexicalIndex) -> None:
        """At most ``limit`` documents, and those are the best."""
        write(index, upserts([document(f"d{n:03}", "zebra " * (n + 1)) for n in range(50)]))
        everything = search(index, "zebra", 1_000)
        assert len(everything) == 50
        assert search(index, "zebra", 7).document_ids == everything.document_ids[:7]

    @pytest.mark.parametrize("text", ["zebra", "zebra horse", "running Café men's", "horse horse"])
    def test_score_is_searchs_score(self, index: LexicalIndex, text: str) -> None:
        """``score`` gives exactly what ``search`` gives, and leaves out what does not match."""
        words = ["zebra", "horse", "run", "cafe", "men", "other"]
        documents = [
            document(f"d{n:02}", " ".join(words[(n * 7 + i) % 6] for i in range(n % 5 + 1)),
                     title=words[n % 6])
            for n in range(40)
        ]  # fmt: skip
        changes = upserts(documents)
        write(index, changes[:25])
        write(index, [*changes[25:], deletion(41, "d03"), deletion(42, "d30")])
        expected = search(index, text, 1_000).scores()
        assert 0 < len(expected) < 40
        asked = [item.document_id for item in documents] + ["unknown"]
        assert index.score(text, asked, timeout_seconds=TIMEOUT) == expected
        part = asked[::3]
        assert index.score(text, part, timeout_seconds=TIMEOUT) == {
            name: expected[name] for name in part if name in expected
        }

    def test_score_of_nothing(self, index: LexicalIndex) -> None:
        """No ids, or only unknown ones, give no scores."""
        write(index, upserts([document("a", "zebra")]))
        assert index.score("zebra", [], timeout_seconds=TIMEOUT) == {}
        assert index.score("zebra", ["b"], timeout_seconds=TIMEOUT) == {}

    def test_filters_do_not_change_scores(self, index: LexicalIndex) -> None:
        """A filter takes documents away and leaves the scores of the others alone."""
        kinds = ("a", "b")
        write(
            index,
            upserts([document(f"d{n}", "zebra " * (n + 1), genre=kinds[n % 2]) for n in range(8)]),
        )
        everything = search(index, "zebra").scores()
        left = search(index, "zebra", filters=filters(SCHEMA, {"genre": "a"})).scores()
        assert left == {f"d{n}": everything[f"d{n}"] for n in range(0, 8, 2)}

    @example(data={"open": False})
    @example(data={"not": {"open": True}})
    @example(data={"not": {"not": {"seen_at": {"lt": "1970-01-01T00:00:00+00:00"}}}})
    @given(data=oracle.filter_data())
    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    def test_filters_mean_what_the_oracle_says(
        self, filtered: LexicalIndex, data: dict[str, Any]
    ) -> None:
        """Any filter leaves exactly the documents that plain Python leaves."""
        expected = oracle.matching_ids(oracle.sample_documents(300, seed=3), data)
        typed = filters(oracle.SCHEMA, data)
        assert found(filtered, "common", limit=1_000, filters=typed) == expected
