"""How documents are counted that hold a word, and how many are read for similar words."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tandem.analysis import ENGLISH
from tandem.engines import tantivy_spelling
from tandem.engines.tantivy_index import TantivyIndex
from tandem.engines.tantivy_store import TantivyStore
from tests.builders import deletion, document, schema_of, upserts


@pytest.fixture
def index(tmp_path: Path) -> Iterator[TantivyIndex]:
    """An empty index."""
    opened = TantivyStore(tmp_path).create("words", "1", schema_of(), ENGLISH)
    yield opened
    opened.close()


def test_frequent_words_are_counted_roughly(
    index: TantivyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the limit exactly; beyond it documents that were deleted of late may count."""
    monkeypatch.setattr(tantivy_spelling, "EXACTLY", 4)
    bodies = ["zebra horse" if number < 4 else "horse" for number in range(9)]
    index.apply(upserts(document(f"d{number}", body) for number, body in enumerate(bodies)))
    index.apply([deletion(10, "d0")])
    zebra, horse, mule = (
        word.documents for word in index.words("zebra horse mule", timeout_seconds=1)
    )
    assert zebra == 3
    assert 8 <= horse <= 9
    assert mule == 0


def test_a_word_behind_many_others_is_found(
    index: TantivyIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents of words known by now are not read again, so that rarer words come next."""
    monkeypatch.setattr(tantivy_spelling, "DOCUMENTS_AT_ONCE", 1)
    words = ["zebra"] * 30 + ["zebro"] * 20 + ["zebri"]
    index.apply(upserts(document(f"d{number}", word) for number, word in enumerate(words)))
    assert index.resembling("zebrx", limit=9, timeout_seconds=1) == ["zebra", "zebro", "zebri"]
    monkeypatch.setattr(tantivy_spelling, "ROUNDS", 1)
    assert index.resembling("zebrx", limit=9, timeout_seconds=1) == ["zebra"]


def test_the_commoner_form_is_shown(index: TantivyIndex) -> None:
    """Forms that differ in accents are one word, written as most of the documents read do."""
    texts = ["cafe", "CAFÉ", "café"]
    index.apply(upserts(document(f"d{number}", text) for number, text in enumerate(texts)))
    assert index.resembling("caffe", limit=9, timeout_seconds=1) == ["café"]


def test_letters_without_a_decomposition(index: TantivyIndex) -> None:
    """They are folded as the engine folds them, and other scripts stay as they are."""
    index.apply(upserts([document("a", "Smørrebrød, Straße, 한국어사람")]))
    assert index.resembling("smorrebrot", limit=9, timeout_seconds=1) == ["smørrebrød"]
    assert index.resembling("smörebröd", limit=9, timeout_seconds=1) == ["smørrebrød"]
    assert index.resembling("strase", limit=9, timeout_seconds=1) == ["straße"]
    assert index.resembling("한국어자람", limit=9, timeout_seconds=1) == ["한국어사람"]


def test_what_is_near_but_not_proposed_ends_no_search(index: TantivyIndex) -> None:
    """A stop word or a code beside a word of two edits: others of two edits are found, too."""
    one = document("a", "elephan7 throughout, elephanta")
    index.apply(upserts([one, document("b", "elephantt"), document("c", "elephantt")]))
    assert index.resembling("elephanx", limit=1, timeout_seconds=1) == ["elephantt"]
    assert index.resembling("throughou", limit=1, timeout_seconds=1) == []
