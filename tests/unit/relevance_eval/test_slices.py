"""Parts of a query set."""

from collections.abc import Collection, Mapping

from relevance_eval.slices import COLD, by_exact_match, by_length, by_warmth

TEXTS = {"d1": "Reading a CSV file", "d2": "Sorting"}


def known_texts(document_ids: Collection[str]) -> Mapping[str, str]:
    """Of those that are known."""
    return {item: TEXTS[item] for item in document_ids if item in TEXTS}


def test_length_counts_words() -> None:
    """Not what stands between them."""
    parts = by_length({"a": "csv", "b": "read - csv", "c": "one two three four", "d": "x " * 20})
    assert parts == {
        "a": "1 word",
        "b": "2 to 3 words",
        "c": "4 to 6 words",
        "d": "13 words and more",
    }


def test_a_query_without_words_is_among_the_short_ones() -> None:
    """It is in some part, like every other."""
    assert by_length({"a": "?!"}) == {"a": "1 word"}


def test_an_exact_match_needs_every_word_in_one_relevant_document() -> None:
    """In any order and case; a document that nobody has, or that is not relevant, is none."""
    qrels = {
        "q1": {"d1": 1, "gone": 1},
        "q2": {"d1": 1, "d2": 2},
        "q3": {"d1": 0, "d2": 1},
        "q4": {"d1": -1, "d2": 1},
    }
    texts = {"q1": "csv READING", "q2": "csv sorting", "q3": "csv", "q4": "csv"}
    parts = by_exact_match(texts, qrels, known_texts)
    assert parts["q1"] == "a relevant document has every word"
    assert parts["q2"] == parts["q3"] == parts["q4"] == "none has every word"


def test_cold_is_a_query_whose_relevant_documents_hardly_anybody_knows() -> None:
    """One that is known is enough."""
    counts = {"d1": COLD, "d2": COLD - 1}
    qrels: dict[str, dict[str, int | None]] = {
        "q1": {"d1": 1, "d2": 1},
        "q2": {"d2": 2, "d1": 0},
        "q3": {"d1": None, "new": 1},
        "q4": {"d1": -1, "d2": 1},
    }
    parts = by_warmth(qrels, lambda _: counts)
    assert parts == {
        "q1": "people know a relevant document",
        "q2": "every relevant document is cold",
        "q3": "every relevant document is cold",
        "q4": "every relevant document is cold",
    }
