"""Content held by an index, compared with what the log says."""

from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pytest

from indexer.holdings import LEAST_COSINE, LexicalHoldings, VectorHoldings
from indexer.writers import VectorWriter
from tandem.documents import Document
from tandem.protocols import FloatMatrix
from tests.builders import document, upserts
from tests.fakes import DIMENSION, HashEmbedder

NO_INDEX = cast("Any", None)
"""Comparing needs none."""

BODY = " ".join(f"word{number}" for number in range(60))


def lexical_difference(held: Document | None, expected: Document) -> str | None:
    """How a stored document differs."""
    contents = {} if held is None else {held.document_id: held}
    found = LexicalHoldings(NO_INDEX).differences(upserts([expected]), contents)
    return found.get(expected.document_id)


def test_stored_documents_are_compared_field_by_field() -> None:
    """Attributes and times too; what is equal is not named."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    expected = document("d", "body", title="title", updated_at=now, year=1980, tags=("a", "b"))
    equal = document("d", "body", title="title", updated_at=now, tags=("a", "b"), year=1980)
    assert lexical_difference(equal, expected) is None
    assert lexical_difference(document("d", "body", title="other", updated_at=now), expected) == (
        "differs in title, attributes"
    )
    assert lexical_difference(document("d", "other", title="title", year=1980), expected) == (
        "differs in body, attributes, updated_at"
    )
    assert lexical_difference(None, expected) == "the stored document is not there"


def fresh() -> VectorWriter:
    """Makes several passages of the body."""
    return VectorWriter(NO_INDEX, HashEmbedder(), 32)


def passages() -> FloatMatrix:
    """What is right for the body."""
    return np.array(fresh().prepare(upserts([document("d", BODY)]))["d"])


def vector_difference(held: FloatMatrix | None) -> str | None:
    """How held vectors differ from the body's."""
    contents = {} if held is None else {"d": held}
    found = VectorHoldings(NO_INDEX, fresh()).differences(upserts([document("d", BODY)]), contents)
    return found.get("d")


def at_cosine(row: FloatMatrix, cosine: float) -> FloatMatrix:
    """A row of length 1 that has that cosine to the given one."""
    aside = np.zeros_like(row)
    aside[0], aside[1] = -row[1], row[0]
    aside /= np.linalg.norm(aside)
    return cosine * row + np.float32(np.sqrt(1 - cosine**2)) * aside


def test_vectors_are_compared_by_cosine() -> None:
    """Length does not matter, rounding neither; the worst passage is named."""
    right = passages()
    assert right.shape[0] >= 2
    assert right.shape[1] == DIMENSION
    assert vector_difference(right) is None
    assert vector_difference(right * np.float32(3)) is None
    for cosine, says in [(LEAST_COSINE + 1e-4, None), (LEAST_COSINE - 1e-4, "passage 2 of")]:
        held = right.copy()
        held[1] = at_cosine(right[1], cosine)
        difference = vector_difference(held)
        assert difference is None if says is None else says in (difference or "")


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_a_vector_that_says_nothing_is_altered(value: float) -> None:
    """No number is near enough to a real vector, and neither is zero."""
    held = passages()
    held[0] = value
    assert "passage 1 of" in (vector_difference(held) or "")


def test_passages_are_counted() -> None:
    """Too few, too many, none."""
    right = passages()
    count = len(right)
    assert vector_difference(right[:-1]) == f"{count - 1} passages, expected {count}"
    assert vector_difference(np.vstack([right, right[:1]])) == (
        f"{count + 1} passages, expected {count}"
    )
    assert vector_difference(None) == f"0 passages, expected {count}"


def test_passages_in_another_order_are_altered() -> None:
    """They would be told to a reader as what they are not."""
    assert vector_difference(passages()[::-1].copy()) is not None
