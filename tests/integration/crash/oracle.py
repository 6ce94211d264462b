"""The client's own books: what was acknowledged, kept outside everything that can be killed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tandem.documents import Document, content_hash
from tests.integration.crash.stream import Batch

Key = tuple[str, str]
"""(collection, document id)."""

UNSEEN = -1
"""The sequence of a change whose acknowledgement never came."""


@dataclass(frozen=True, slots=True)
class Held:
    """A document as the client knows it."""

    document: Document
    sequence: int


State = dict[Key, Held]


@dataclass
class Oracle:
    """Every state that the acknowledgements allow.

    A batch in flight when the process died may be there as a whole or not at all, so each doubles
    the states; each acknowledgement, and each look at what is really there, thins them out.
    """

    states: list[State] = field(default_factory=lambda: [{}])
    given: dict[int, str] = field(default_factory=dict)
    acknowledged: int = 0

    def in_flight(self, batch: Batch) -> None:
        """The process died before it answered."""
        self.states += [applied(state, batch, None) for state in self.states]

    def acknowledge(self, batch: Batch, sequences: Mapping[str, int]) -> None:
        """The process answered: these sequences, in this order, for these ids."""
        highest = max(self.given, default=0)
        for document_id, sequence in sequences.items():
            meant = f"batch {batch.number}, {document_id}"
            assert sequence not in self.given, f"{sequence}: {self.given[sequence]}, then {meant}"
            assert sequence > highest, f"{meant} got {sequence} after {highest}"
            self.given[sequence] = meant
        possible = [state for state in self.states if changed(state, batch) == set(sequences)]
        assert possible, f"batch {batch.number}: no state changes just {sorted(sequences)}"
        self.states = [applied(state, batch, sequences) for state in possible]
        self.acknowledged += 1

    def settle(self, found: State) -> None:
        """Only states with exactly the documents found remain: there must be one.

        A document of an unanswered batch takes the sequence found, if that was given to nobody.
        """
        for state in self.states:
            if _same(state, found):
                self._check_unseen(state, found)
                self.states = [found]
                return
        raise AssertionError(_differences(self.states, found))

    def _check_unseen(self, state: State, found: State) -> None:
        for key, held in state.items():
            if held.sequence == UNSEEN:
                sequence = found[key].sequence
                assert sequence not in self.given, f"{key} has {sequence} of {self.given[sequence]}"
                self.given[sequence] = f"unanswered, {key}"


def changed(state: State, batch: Batch) -> set[str]:
    """The ids that the batch changes in this state."""
    known = {
        name: held.document for (place, name), held in state.items() if place == batch.collection
    }
    written = {
        document.document_id
        for document in batch.upserts
        if document.document_id not in known
        or content_hash(known[document.document_id]) != content_hash(document)
    }
    return written | {name for name in batch.deletes if name in known}


def applied(state: State, batch: Batch, sequences: Mapping[str, int] | None) -> State:
    """The state after the batch; ``None``: it was written, and nobody was told."""
    after = dict(state)
    names = changed(state, batch)
    for document in batch.upserts:
        if document.document_id in names:
            sequence = UNSEEN if sequences is None else sequences[document.document_id]
            after[batch.collection, document.document_id] = Held(document, sequence)
    for name in batch.deletes:
        after.pop((batch.collection, name), None)
    return after


def _same(state: State, found: State) -> bool:
    return state.keys() == found.keys() and all(
        held.document == found[key].document and held.sequence in {UNSEEN, found[key].sequence}
        for key, held in state.items()
    )


def _differences(states: Sequence[State], found: State) -> str:
    lines = ["the log holds no state that the acknowledgements allow"]
    for number, state in enumerate(states):
        wrong = [key for key in state.keys() | found.keys() if state.get(key) != found.get(key)]
        lines.append(f"state {number}: {len(wrong)} differ, among them {sorted(wrong)[:5]}")
    return "\n".join(lines)
