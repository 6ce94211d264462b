"""An index in memory that verification reads and writers write, and that tests can damage."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from indexer.holdings import Held
from tandem.documents import Change
from tandem.protocols import Refusal


@dataclass(frozen=True)
class Row:
    """One version of a document, as the index holds it."""

    sequence: int
    body: str
    held: int = 1
    expected: int = 1


def nothing(_document_ids: object) -> None:
    """Do not interfere."""


class MemoryIndex:
    """``Holdings`` and ``IndexWriter`` in one. A document has as many parts as its body has words.

    It keeps the rules of an engine: a change never replaces a higher sequence, and what has the
    sequence that is written is overwritten part by part. Bodies in ``refused`` are not taken, ids
    in ``deaf`` not written at all, those in ``remembered`` not below the sequence there.
    """

    name = "memory"

    def __init__(self, batch_size: int = 3) -> None:
        self.batch_size = batch_size
        self.rows: dict[str, list[Row]] = {}
        self.refused: set[str] = set()
        self.deaf: set[str] = set()
        self.asked: list[tuple[int, int | None]] = []
        self.compared: list[str] = []
        self.forgotten: list[str] = []
        self.remembered: dict[str, int] = {}
        self.batches: list[list[str]] = []
        self.before_apply: Callable[[Sequence[Change]], None] = nothing
        self.before_read: Callable[[Collection[str]], None] = nothing

    def refresh(self) -> None:
        """Everything is seen at once."""

    def forget(self, document_ids: Collection[str]) -> None:
        """See ``Holdings``; the deaf ones stay."""
        self.forgotten += document_ids
        for document_id in set(document_ids) - self.deaf:
            self.rows.pop(document_id, None)
            self.remembered.pop(document_id, None)

    def versions(self, first: int, last: int | None) -> Iterator[Held]:
        """See ``Holdings``."""
        self.asked.append((first, last))
        for document_id, rows in list(self.rows.items()):
            for row in rows:
                if first <= row.sequence and (last is None or row.sequence <= last):
                    yield Held(document_id, row.sequence, row.held, row.expected)

    def versions_of(self, document_ids: Collection[str]) -> list[Held]:
        """See ``Holdings``."""
        self.before_read(document_ids)
        return [
            Held(document_id, row.sequence, row.held, row.expected)
            for document_id in document_ids
            for row in self.rows.get(document_id, ())
        ]

    def contents(self, document_ids: Collection[str]) -> Mapping[str, str]:
        """See ``Holdings``: the bodies."""
        return {name: self.rows[name][0].body for name in document_ids if name in self.rows}

    def differences(self, changes: Sequence[Change], contents: Mapping[str, str]) -> dict[str, str]:
        """See ``Holdings``."""
        self.compared += [change.document_id for change in changes]
        return {
            change.document_id: "another body"
            for change in changes
            if change.document is None or contents.get(change.document_id) != change.document.body
        }

    def prepare(self, changes: Sequence[Change]) -> None:
        """Nothing is expensive here."""

    def apply(self, changes: Sequence[Change], prepared: Any) -> list[Refusal]:
        """See ``IndexWriter``."""
        self.before_apply(changes)
        self.batches.append([change.document_id for change in changes])
        refusals = []
        for change in changes:
            if change.document_id in self.deaf or self._is_older(change):
                continue
            newer = [
                row for row in self.rows.get(change.document_id, []) if newer_than(row, change)
            ]
            same = [row for row in self.rows.get(change.document_id, []) if is_same(row, change)]
            kept = newer
            if change.document is not None and change.document.body in self.refused:
                refusals.append(Refusal(change.document_id, "not to its taste"))
            elif change.document is not None and not newer:
                parts = max(len(change.document.body.split()), 1)
                extra = max((row.held - parts for row in same), default=0)
                kept = [Row(change.sequence, change.document.body, parts + max(extra, 0), parts)]
            self.rows[change.document_id] = kept
            if not kept:
                del self.rows[change.document_id]
        return refusals

    def _is_older(self, change: Change) -> bool:
        return change.sequence < self.remembered.get(change.document_id, 0)

    def damage(self, document_id: str, **values: Any) -> None:
        """Change what is held of a document behind everybody's back."""
        self.rows[document_id] = [replace(row, **values) for row in self.rows[document_id]]


def newer_than(row: Row, change: Change) -> bool:
    """Whether what is held has a higher sequence."""
    return row.sequence > change.sequence


def is_same(row: Row, change: Change) -> bool:
    """Whether what is held has the sequence of the change."""
    return row.sequence == change.sequence
