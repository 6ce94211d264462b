"""How many documents a set has, and how many of them have which value."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tandem.analysis import ENGLISH
from tandem.errors import FieldError
from tandem.lexical import LexicalIndex, Matching, Tally
from tandem.stores import LexicalStore
from tests.builders import deletion, document, filters, schema_of, upserts
from tests.contracts import filters_oracle as oracle
from tests.contracts.lexical_base import IDENTITY, NAME, SCHEMA, TIMEOUT, LexicalContract, write

COUNTED = ("tags", "year", "open")


def tally(index: LexicalIndex, matching: Matching, *fields: str, **keywords: Any) -> Tally:
    """A tally without the arguments that do not matter here."""
    return index.tally(matching, fields=fields, timeout_seconds=TIMEOUT, **keywords)


def facets(
    index: LexicalIndex, text: str, *fields: str, **keywords: Any
) -> dict[str, list[tuple[str, int]]]:
    """The facets of a text as lists, so that their order is compared too."""
    found = tally(index, Matching(text), *fields, **keywords).facets
    return {field: list(values.items()) for field, values in found.items()}


def totals(index: LexicalIndex, *sets: Matching, **keywords: Any) -> list[int]:
    """How many documents each of the sets has."""
    return [tally(index, matching, **keywords).total for matching in sets]


def counted(data: Mapping[str, Any], limit: int) -> dict[str, list[tuple[str, int]]]:
    """The oracle's facets of its own documents under a filter."""
    documents = oracle.sample_documents(300, seed=3)
    under = oracle.matching_ids(documents, data)
    found = {}
    for field in COUNTED:
        counts: Counter[Any] = Counter()
        for item in documents:
            value = item.attributes.get(field)
            if item.document_id in under and value is not None:
                counts.update(set(value) if isinstance(value, tuple) else [value])
        best = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]
        found[field] = [(_told(value), count) for value, count in best]
    return found


def _told(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class TalliesContract(LexicalContract):
    """Totals and facets."""

    @example(data={}, limit=100)
    @example(data={"not": {"open": True}}, limit=1)
    @given(data=oracle.filter_data(depth=1), limit=st.integers(1, 12))
    @settings(
        max_examples=80,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
    )
    def test_facets_are_the_oracles(
        self, filtered: LexicalIndex, data: dict[str, Any], limit: int
    ) -> None:
        """Values, counts and order are those of plain Python; a word that all hold or no text."""
        wanted, expected = filters(oracle.SCHEMA, data), counted(data, limit)
        for text in ("common", ""):
            found = facets(filtered, text, *COUNTED, filters=wanted, limit=limit)
            assert found == expected
            under = oracle.matching_ids(oracle.sample_documents(300, seed=3), data)
            assert totals(filtered, Matching(text), filters=wanted) == [len(under)]

    def test_a_set_is_what_matches_and_what_is_named(self, index: LexicalIndex) -> None:
        """Any word of the text or of a variant, and the documents of ``also``, each once; unknown
        ids are nothing, and what is in ``without`` is not counted.
        """
        sent = [
            document("a", "red zebras", genre="x"),
            document("b", "a zebra", genre=("x", "y")),
            document("c", "a horse", genre="y"),
            document("d", "a donkey", genre="z"),
        ]
        write(index, upserts(sent))
        sets: list[tuple[Matching, int, dict[str, int]]] = [
            (Matching("zebra"), 2, {"x": 2, "y": 1}),
            (Matching("zebra", ["horses", "mule"]), 3, {"x": 2, "y": 2}),
            (Matching("the", ["horse"]), 1, {"y": 1}),
            (Matching("the", ["", "!?"]), 0, {}),
            (Matching(None, ["horse"]), 1, {"y": 1}),
            (Matching(None), 0, {}),
            (Matching(None, also=["d", "unknown", "a"]), 2, {"x": 1, "z": 1}),
            (Matching("zebra", also=["a", "b", "d", "unknown"]), 3, {"x": 2, "y": 1, "z": 1}),
            (Matching("the", also=["c"]), 1, {"y": 1}),
            (Matching("zebra", also=["c"], without=["a", "c", "unknown"]), 1, {"x": 1, "y": 1}),
            (Matching("", also=["a"]), 4, {"x": 2, "y": 2, "z": 1}),
            (Matching(" ", ["horse"]), 4, {"x": 2, "y": 2, "z": 1}),
            (Matching("", without=["b", "d"]), 2, {"x": 1, "y": 1}),
            (Matching(None, also=["a"], without=["a"]), 0, {}),
            (Matching("zebra", also=frozenset(["c"]), without={"b"}), 2, {"x": 1, "y": 1}),
        ]
        for matching, total, genres in sets:
            assert tally(index, matching, "genre") == Tally(total, {"genre": genres}), matching
            assert tally(index, matching) == Tally(total, {}), matching

    def test_filters_hold_for_what_is_named(self, index: LexicalIndex) -> None:
        """A document of ``also`` that a filter takes away is not counted."""
        sent = [document(f"d{n}", "zebra" if n < 4 else "horse", year=n % 2) for n in range(8)]
        write(index, upserts(sent))
        named = Matching("zebra", also=["d3", "d4", "d5", "d7"], without=["d1"])
        assert totals(index, named) == [6]
        under = filters(SCHEMA, {"year": 1})
        assert tally(index, named, "year", filters=under) == Tally(3, {"year": {"1": 3}})
        assert totals(index, Matching(None, also=["d4"]), filters=under) == [0]

    def test_many_are_named(self, index: LexicalIndex) -> None:
        """Hundreds of ids beside a text, found and hidden."""
        sent = [document(f"d{n:04}", "zebra" if n % 2 else "horse") for n in range(900)]
        write(index, upserts(sent))
        first, last = [f"d{n:04}" for n in range(600)], [f"d{n:04}" for n in range(300, 900)]
        assert totals(
            index,
            Matching(None, also=[*first, *last]),
            Matching("zebra", also=first),
            Matching("zebra", also=first, without=last),
        ) == [900, 750, 300]

    def test_a_total_counts_what_is_held(self, index: LexicalIndex) -> None:
        """Deleted documents and replaced versions are in no set, named or not."""
        write(index, upserts([document(f"d{n}", "zebra") for n in range(4)]))
        write(index, [deletion(5, "d0"), *upserts([document("d1", "horse")], 6)])
        sets = (Matching("zebra"), Matching(""), Matching(None, also=["d0", "d1"]))
        assert totals(index, *sets) == [2, 3, 1]

    def test_only_what_matches_is_counted(self, index: LexicalIndex) -> None:
        """Documents that hold a word of the text; no text counts all, no searchable word none."""
        sent = [
            document("a", "red zebras", genre="x", year=1),
            document("b", "zebra", genre=("x", "y")),
            document("c", "horse", genre="y", year=1),
            document("d", "horse"),
        ]
        write(index, upserts(sent))
        assert facets(index, "zebra", "genre") == {"genre": [("x", 2), ("y", 1)]}
        assert facets(index, "running red", "genre", "year") == {
            "genre": [("x", 1)],
            "year": [("1", 1)],
        }
        for blank in ("", "  ", "\n"):
            assert facets(index, blank, "genre") == {"genre": [("x", 2), ("y", 2)]}
        for nothing in ("the", "!?", "unheard"):
            assert facets(index, nothing, "genre", "year") == {"genre": [], "year": []}
        under = filters(SCHEMA, {"year": 1})
        assert facets(index, "", "genre", filters=under) == {"genre": [("x", 1), ("y", 1)]}
        assert facets(index, "zebra") == {}

    def test_a_value_counts_once_a_document(self, index: LexicalIndex) -> None:
        """A value that a document repeats is one, and the document comes back as sent."""
        sent = document("a", "zebra", genre=("x", "y", "x", "x"))
        write(index, upserts([sent, document("b", "zebra", genre="y")]))
        assert facets(index, "zebra", "genre") == {"genre": [("y", 2), ("x", 1)]}
        assert index.documents(["a"]) == {"a": sent}

    def test_deleted_and_replaced_documents_are_not_counted(self, index: LexicalIndex) -> None:
        """What is no longer held counts nowhere, its values are not told with 0."""
        write(index, upserts([document(f"d{n}", "zebra", genre=f"g{n}") for n in range(4)]))
        write(index, [deletion(5, "d0"), *upserts([document("d1", "zebra", genre="g2")], 6)])
        assert facets(index, "zebra", "genre") == {"genre": [("g2", 2), ("g3", 1)]}
        assert facets(index, "", "genre") == {"genre": [("g2", 2), ("g3", 1)]}

    def test_order_and_limit(self, index: LexicalIndex) -> None:
        """Most frequent first, equal ones by value: numbers as numbers, keywords by code point."""
        sent = [
            document(f"d{n}", "zebra", genre=genre, year=year)
            for n, (genre, year) in enumerate(
                [("b", 10), ("a", 9), ("c", -1), ("B", 100), ("é", 9), ("c", 10), ("c", 2)]
            )
        ]
        write(index, upserts(sent))
        genres = [("c", 3), ("B", 1), ("a", 1), ("b", 1), ("é", 1)]
        years = [("9", 2), ("10", 2), ("-1", 1), ("2", 1), ("100", 1)]
        for limit in range(1, 7):
            found = facets(index, "zebra", "genre", "year", limit=limit)
            assert found == {"genre": genres[:limit], "year": years[:limit]}

    def test_very_many_values(self, store: LexicalStore) -> None:
        """Counts stay exact where there are more values than anybody shows."""
        schema = schema_of(tag="keyword", number="integer")
        index = store.create(NAME, IDENTITY, schema, ENGLISH)
        sent = [
            document(f"d{n:04}", "zebra", tag=(f"t{n % 1_500:04}", f"u{n % 7}"), number=n % 1_500)
            for n in range(1_510)
        ]
        for start in range(0, len(sent), 400):
            write(index, upserts(sent[start : start + 400], start + 1))
        found = facets(index, "zebra", "tag", "number", limit=20)
        most = [("u0", 216), ("u1", 216), ("u2", 216), ("u3", 216), ("u4", 216), ("u5", 215)]
        twice = [(f"t{n:04}", 2) for n in range(10)]
        assert found["tag"] == [
            *most,
            ("u6", 215),
            *twice,
            *((f"t{n:04}", 1) for n in (10, 11, 12)),
        ]
        assert found["number"] == [
            *((str(n), 2) for n in range(10)),
            *((str(n), 1) for n in range(10, 20)),
        ]
        index.close()

    def test_booleans_and_large_numbers(self, store: LexicalStore) -> None:
        """Booleans are told as words, whole numbers exactly, negative ones and 0 too."""
        schema = schema_of(flag="boolean", number="integer")
        index = store.create(NAME, IDENTITY, schema, ENGLISH)
        numbers = (2**53 - 1, 2**53 - 2, 1 - 2**53, -1, 0)
        sent = [document(f"d{n}", flag=n == 1, number=number) for n, number in enumerate(numbers)]
        write(index, upserts(sent))
        found = facets(index, "", "flag", "number")
        assert found["flag"] == [("false", 4), ("true", 1)]
        assert found["number"] == [(str(number), 1) for number in sorted(numbers)]
        write(index, upserts([document("d5", flag=True)], 6))
        two = filters(schema, {"number": [-1, 2**53 - 2]})
        assert facets(index, "", "flag", filters=two) == {"flag": [("false", 1), ("true", 1)]}
        index.close()

    @pytest.mark.parametrize("field", ["unknown", "title", "abstract", "price", "seen_at"])
    def test_fields_without_values_are_refused(self, store: LexicalStore, field: str) -> None:
        """Unknown, text, float and datetime fields: ``FieldError`` names it and what can be."""
        schema = schema_of(
            abstract="text", price="float", seen_at="datetime", genre="keyword", flag="boolean"
        )
        index = store.create(NAME, IDENTITY, schema, ENGLISH)
        for text in ("zebra", "", "the"):
            with pytest.raises(FieldError, match=field) as raised:
                facets(index, text, "genre", field)
            assert raised.value.field == field
            assert "genre, flag" in raised.value.hint
        index.close()

    def test_facets_of_nothing(self, index: LexicalIndex) -> None:
        """An empty index has no values."""
        assert totals(index, Matching(""), Matching("zebra"), Matching(None, also=["a"])) == [0] * 3
        assert facets(index, "", "genre", "year") == {"genre": [], "year": []}
        assert facets(index, "zebra", "genre") == {"genre": []}
