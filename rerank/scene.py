"""A scene: all that signals see of one query and its candidates, read before any is computed.

Signals are pure functions of it. Nothing in it is later than ``as_of`` in the event log.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, TypeVar, TypeVarTuple

import numpy as np
import numpy.typing as npt

from rerank.everyone import Everyone
from rerank.facts import Facts, QueryWord
from rerank.known import Known
from rerank.person import Person
from rerank.tables import Tables
from tandem.protocols import FloatMatrix, FloatVector
from tandem.queries import Query
from tandem.rankings import Ranking
from tandem.schema import Schema

SHARES: Final[Mapping[str, float]] = MappingProxyType({"lexical": 0.4, "vector": 0.6})
"""What the legs' scores are worth in the order that nothing has trained, by default."""

Values = npt.NDArray[np.float64]
"""Shape (candidates,), NaN where unknown."""

Made = TypeVar("Made")
Arguments = TypeVarTuple("Arguments")


@dataclass(frozen=True)
class Scene:
    """One query and its candidates, in the order of ``candidates``.

    ``facts`` are those of the candidates, ``past_facts`` those of what the person's past names, as
    far as they were had; without ``past_facts`` they are among ``facts``. ``query_vector`` is what
    the query means, where it was searched for by that. ``seconds`` is when it was asked, since
    1970. ``everyone`` is what all people did with the candidates, ``person`` who asks; ``tables``
    is what training learned beside the trees; ``shares`` what each leg's score is worth in the
    order that nothing has trained.
    """

    query: Query
    schema: Schema
    candidates: Ranking
    seconds: float
    facts: Mapping[str, Facts] = field(default_factory=dict)
    past_facts: Mapping[str, Facts] | None = None
    words: Sequence[QueryWord] = ()
    query_vector: FloatVector | None = None
    everyone: Everyone = field(default_factory=Everyone)
    person: Person = field(default_factory=Person)
    tables: Tables = field(default_factory=Tables)
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    as_of: int = 0
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.candidates)

    @cached_property
    def document_ids(self) -> tuple[str, ...]:
        """The candidates' ids, in order."""
        return self.candidates.document_ids

    @cached_property
    def documents(self) -> tuple[Facts | None, ...]:
        """The candidates' facts, in order; ``None`` where they are not known. What ``known`` tells
        of all of them at once takes less time.
        """
        return tuple(self.facts.get(document_id) for document_id in self.document_ids)

    @cached_property
    def known(self) -> Known:
        """What is known of the candidates, in order, as arrays."""
        return Known.of(self.document_ids, self.facts, self.schema)

    @cached_property
    def past(self) -> Known:
        """What is known of the documents of the person's past, in order, as arrays."""
        facts = self.facts if self.past_facts is None else self.past_facts
        return Known.of(self.person.document_ids, facts, self.schema)

    @cached_property
    def rows(self) -> npt.NDArray[np.intp]:
        """The candidates' rows in the arrays of ``everyone``, in order."""
        return self.everyone.rows(self.document_ids)

    @cached_property
    def table_rows(self) -> npt.NDArray[np.intp]:
        """The candidates' rows in ``tables``, in order; -1 where they are not there."""
        return self.tables.rows(self.document_ids)

    @property
    def vectors(self) -> tuple[npt.NDArray[np.intp], FloatMatrix]:
        """The candidates that have a vector, by their places in order, and those vectors, float32
        (candidates with one, dimension).
        """
        return self.known.vectors

    def once(self, make: Callable[["Scene", *Arguments], Made], *arguments: *Arguments) -> Made:
        """What ``make`` gives of this scene, made once however many signals ask for it."""
        key = make, arguments
        if key not in self._made:
            self._made[key] = make(self, *arguments)
        made: Made = self._made[key]
        return made

    def unknown(self) -> Values:
        """NaN for every candidate."""
        return np.full(len(self), np.nan)
