"""What the parts of the lexical contract share: an index, and short ways to ask it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tandem.analysis import ENGLISH
from tandem.documents import Change
from tandem.lexical import LexicalIndex
from tandem.protocols import Refusal
from tandem.rankings import Ranking
from tandem.stores import LexicalStore
from tests.builders import schema_of, upserts
from tests.contracts import filters_oracle as oracle

NAME = "words"
IDENTITY = "0123456789abcdef"
TIMEOUT = 10.0
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
"""One sign of five characters."""
SCHEMA = schema_of(abstract="text", genre="keyword", year="integer")


def write(index: LexicalIndex, changes: Sequence[Change]) -> Sequence[Refusal]:
    """Apply, and make it searchable."""
    refusals = index.apply(changes)
    index.refresh()
    return refusals


def search(index: LexicalIndex, text: str, limit: int = 100, **keywords: Any) -> Ranking:
    """A search without the arguments that do not matter here."""
    return index.search(text, limit=limit, timeout_seconds=TIMEOUT, **keywords)


def found(index: LexicalIndex, text: str, **keywords: Any) -> set[str]:
    """The ids that a search finds."""
    return set(search(index, text, **keywords).document_ids)


def held(index: LexicalIndex) -> dict[str, int]:
    """document_id -> sequence of everything held."""
    versions = list(index.versions())
    assert len(versions) == len(dict(versions)), "a document is held twice"
    return dict(versions)


class LexicalContract:
    """The base of the parts. An engine inherits ``LexicalIndexContract`` and says these things."""

    batches_are_atomic: ClassVar[bool] = True
    """Whether a search sees a batch whole or not at all."""

    page_size: ClassVar[str]
    """Where the engine keeps how many versions it reads at once: ``package.module.CONSTANT``."""

    @classmethod
    def make_store(cls, folder: Path) -> LexicalStore:
        """The store under test; a second one for the same folder sees the same indexes."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> LexicalStore:
        """A store without an index."""
        return self.make_store(tmp_path)

    @pytest.fixture
    def index(self, store: LexicalStore) -> Iterator[LexicalIndex]:
        """An empty index."""
        opened = store.create(NAME, IDENTITY, SCHEMA, ENGLISH)
        yield opened
        opened.close()

    @pytest.fixture(scope="class")
    @classmethod
    def filtered(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LexicalIndex]:
        """An index of the oracle's documents, in several commits."""
        store = cls.make_store(tmp_path_factory.mktemp("filtered"))
        opened = store.create(NAME, IDENTITY, oracle.SCHEMA, ENGLISH)
        changes = upserts(oracle.sample_documents(300, seed=3))
        for start in range(0, len(changes), 100):
            assert not write(opened, changes[start : start + 100])
        yield opened
        opened.close()
