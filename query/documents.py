"""The documents of a page: from the lexical index, and from the log what it does not give in time.

The log may be on a server that hangs, so it is asked in a pool of its own, under the query's whole
deadline; what is late is left out, and the reply says so.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Protocol

from query.configurations import LEXICAL
from query.retrieval import DOCUMENTS, Deadline, LegPools
from tandem.documents import Document
from tandem.filters import Filter, matches
from tandem.rankings import Degradation
from tandem.telemetry import logger

SHARE_FOR_INDEX = 0.5
"""How much of the time that is left the lexical index may use up: the rest is for the log."""

SHARE_FOR_LOG = 0.5
"""How much of it the log may use up where it is asked first: the index may know more."""


class DocumentSource(Protocol):
    """Where a generation's documents are."""

    @property
    def is_in_process(self) -> bool:
        """Whether the lexical index is in this process: nothing on the way to it can hang."""
        ...

    def indexed(
        self, document_ids: Collection[str], timeout_seconds: float
    ) -> Mapping[str, Document]:
        """From the lexical index; what it does not hold is left out."""
        ...

    def logged(
        self, document_ids: Collection[str], filters: Sequence[Filter] = ()
    ) -> Mapping[str, Document]:
        """From the document log, however long that takes; what is deleted is left out, and what the
        filters do not leave.
        """
        ...


class _Index:
    """The lexical index, for one query: once it is late it is not waited for again."""

    def __init__(self, source: DocumentSource, pools: LegPools) -> None:
        self._source = source
        self._pools = pools
        self.is_left_out = False

    def read(self, document_ids: Collection[str], deadline: Deadline) -> Mapping[str, Document]:
        """What it gives in its share of the time."""
        if self.is_left_out:
            return {}
        seconds = SHARE_FOR_INDEX * deadline.remaining_seconds()
        call = partial(self._source.indexed, document_ids, seconds)
        if not self._source.is_in_process:
            by_then = deadline.earlier(SHARE_FOR_INDEX)
            answers = self._pools.ask({LEXICAL: call}, by_then, is_counted=False)
            self.is_left_out = bool(answers.degraded)
            return answers.by_leg.get(LEXICAL, {})
        try:
            # not in a pool: handing it to a thread would cost more than the reading itself
            return call() if seconds > 0 else {}
        except Exception as error:  # a damaged index must not hide what the log still knows
            logger("query").warning("documents come from the log: %s", error)
            return {}


class QueryDocuments:
    """Fetches the documents of one query, and keeps what went wrong. What ``forced`` does not leave
    is not there: an index that is behind may have found what it was before.
    """

    def __init__(
        self, source: DocumentSource, pools: LegPools, forced: Sequence[Filter] = ()
    ) -> None:
        self._source = source
        self._pools = pools
        self._forced = forced
        self._index = _Index(source, pools)
        self._degraded: dict[Degradation, None] = {}
        self._unread: set[str] = set()
        self._hidden: frozenset[str] = frozenset()

    def apart(self) -> "QueryDocuments":
        """The same query's documents, for another purpose than to be shown: what is missing there
        is noted there.
        """
        other = QueryDocuments(self._source, self._pools, self._forced)
        other._index = self._index
        return other

    def leave_out_index(self) -> None:
        """Ask the log alone from now on: the lexical engine did not answer this query."""
        self._index.is_left_out = True

    def hide(self, document_ids: frozenset[str]) -> None:
        """Treat these from now on as if they were gone: rules hide them."""
        self._hidden = document_ids

    @property
    def degraded(self) -> tuple[Degradation, ...]:
        """Why documents are missing, if any are."""
        return tuple(self._degraded)

    @property
    def unread(self) -> frozenset[str]:
        """Those that nobody gave in time, and a seed of which the log did not say whose it is; what
        else is missing is deleted.
        """
        return frozenset(self._unread)

    def fetch(self, document_ids: Collection[str], deadline: Deadline) -> Mapping[str, Document]:
        """The documents that can be had by then."""
        wanted = [name for name in document_ids if name not in self._hidden]
        if not wanted:
            return {}
        self._unread.difference_update(wanted)
        found = {**self._index.read(wanted, deadline)}
        missing = [document_id for document_id in wanted if document_id not in found]
        if missing:
            found |= self._logged(missing, deadline)
        return {name: held for name, held in found.items() if matches(held, self._forced)}

    def seed(self, document_id: str, deadline: Deadline) -> Document | None:
        """The document that others are to resemble, if it can be had by then. Where a filter is
        forced, the log says whether it is there: the index would have another's sooner than the
        log knows that there is none, and time would tell. Where the log does not answer, the index
        gives what the filter leaves.
        """
        if not self._forced:
            return self.fetch([document_id], deadline).get(document_id)
        apart = self.apart()
        found = apart._logged([document_id], deadline.earlier(SHARE_FOR_LOG))
        if apart.unread:
            found = self._index.read([document_id], deadline)
        seed = found.get(document_id)
        if seed is not None and matches(seed, self._forced):
            return seed
        self._unread |= apart.unread  # nor is it told that the index has another's
        return None

    def _logged(self, document_ids: Collection[str], deadline: Deadline) -> Mapping[str, Document]:
        call = partial(self._source.logged, document_ids, self._forced)
        answers = self._pools.ask({DOCUMENTS: call}, deadline)
        self._degraded.update(dict.fromkeys(answers.degraded))
        if answers.degraded:
            self._unread.update(document_ids)
        return answers.by_leg.get(DOCUMENTS, {})
