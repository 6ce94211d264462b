"""A seeded sample of the log's documents, compared by content."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from indexer.findings import Finding, Kind, is_clean
from indexer.holdings import Holdings
from indexer.judging import TURNS, Judge, Standstill
from tandem.catalog.document_log import DocumentLog
from tandem.documents import Change


class Reservoir:
    """A uniform sample of a stream of unknown length, with room for ``size`` items."""

    def __init__(self, size: int, seed: int) -> None:
        self._size = size
        self._random = random.Random(seed)  # noqa: S311 - no secret hangs on it
        self._seen = 0
        self.items: list[str] = []

    def offer(self, item: str) -> None:
        """Each of the n items offered so far stays with the chance size / n."""
        self._seen += 1
        if len(self.items) < self._size:
            self.items.append(item)
        elif (place := self._random.randrange(self._seen)) < self._size:
            self.items[place] = item


@dataclass(slots=True)
class ContentVerdicts:
    """Which documents have another content, and how many could be compared."""

    findings: list[Finding] = field(default_factory=list)
    compared: int = 0


class ContentJudge:
    """Compares documents whose version is right: what is missing or stale is found without."""

    def __init__(self, log: DocumentLog, collection: str, holdings: Holdings, judge: Judge) -> None:
        self._log = log
        self._collection = collection
        self._holdings = holdings
        self._judge = judge

    def judge(self, document_ids: Sequence[str]) -> ContentVerdicts:
        """What is altered. A document that changes all the while is left out."""
        verdicts = ContentVerdicts()
        waiting = list(document_ids)
        for _ in range(TURNS):
            if not waiting:
                break
            settled = self._compare(waiting, verdicts)
            waiting = [name for name in waiting if name not in settled]
        return verdicts

    def _compare(self, document_ids: Sequence[str], verdicts: ContentVerdicts) -> set[str]:
        """Compare once; the documents about which there is nothing more to say."""
        contents: dict[str, Any] = {}
        still = self._judge.standstill(
            document_ids, lambda: contents.update(self._holdings.contents(document_ids))
        )
        changes = self._expected(still)
        differences = self._holdings.differences(changes, contents)
        verdicts.compared += len(changes)
        verdicts.findings += [
            Finding(Kind.ALTERED, change.document_id, how, change.sequence)
            for change in changes
            if (how := differences.get(change.document_id)) is not None
        ]
        return set(still.document_ids) - _moved(still, changes)

    def _expected(self, still: Standstill) -> list[Change]:
        """What the log says of the documents that the index holds in the right version."""
        clean = [name for name in still.document_ids if _is_right(still, name)]
        return [
            change
            for change in self._log.changes_of(self._collection, clean)
            if change.document is not None
            and change.sequence == still.versions[change.document_id].sequence
        ]


def _is_right(still: Standstill, document_id: str) -> bool:
    version, rows = still.versions.get(document_id), still.held.get(document_id, ())
    return version is not None and len(rows) == 1 and is_clean(version, rows[0])


def _moved(still: Standstill, changes: Sequence[Change]) -> set[str]:
    """Right documents that changed before their content was read from the log."""
    known: Mapping[str, int] = {change.document_id: change.sequence for change in changes}
    return {name for name in still.document_ids if _is_right(still, name) and name not in known}
