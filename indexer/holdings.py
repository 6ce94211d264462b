"""What an index holds, in the same words for both kinds: versions to count, content to compare."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from indexer.writers import VectorWriter
from tandem.documents import Change, Document
from tandem.lexical import LexicalIndex
from tandem.protocols import FloatMatrix, VectorIndex

LEAST_COSINE = 0.999
"""Between a held vector and a fresh one. Runtimes and batch sizes round differently, by far less;
another text differs by far more.
"""

_FIELDS = ("title", "body", "attributes", "updated_at")


class Held(NamedTuple):
    """One version that an index holds of a document. Parts are passages; a lexical index has one.

    Several rows of one document are damage, and so are fewer or more parts than expected.
    """

    document_id: str
    sequence: int
    parts_held: int = 1
    parts_expected: int = 1


class Holdings(Protocol):
    """An index, as verification sees it."""

    def refresh(self) -> None:
        """Everything applied so far is seen by the calls that follow."""
        ...

    def forget(self, document_ids: Collection[str]) -> None:
        """Take documents out, so that any version can be written next."""
        ...

    def versions(self, first: int, last: int | None) -> Iterator[Held]:
        """What is held with a sequence in ``first`` to ``last``, both included; ``None``: no
        end.
        """
        ...

    def versions_of(self, document_ids: Collection[str]) -> list[Held]:
        """What is held of given documents."""
        ...

    def contents(self, document_ids: Collection[str]) -> Mapping[str, Any]:
        """The content held of given documents, as ``differences`` takes it."""
        ...

    def differences(self, changes: Sequence[Change], contents: Mapping[str, Any]) -> dict[str, str]:
        """Document_id -> how the held content differs from that of these upserts."""
        ...


class LexicalHoldings:
    """``Holdings`` of a lexical index: the stored documents are compared."""

    def __init__(self, index: LexicalIndex) -> None:
        self._index = index

    def refresh(self) -> None:
        """See ``Holdings``."""
        self._index.refresh()

    def forget(self, document_ids: Collection[str]) -> None:
        """See ``Holdings``."""
        self._index.forget(document_ids)

    def versions(self, first: int, last: int | None) -> Iterator[Held]:
        """See ``Holdings``."""
        return (Held(*row) for row in self._index.versions(first, last))

    def versions_of(self, document_ids: Collection[str]) -> list[Held]:
        """See ``Holdings``."""
        return [Held(*row) for row in self._index.versions_of(document_ids)]

    def contents(self, document_ids: Collection[str]) -> Mapping[str, Document]:
        """See ``Holdings``."""
        return self._index.documents(document_ids)

    def differences(
        self, changes: Sequence[Change], contents: Mapping[str, Document]
    ) -> dict[str, str]:
        """See ``Holdings``."""
        found = {}
        for change in changes:
            held, expected = contents.get(change.document_id), change.document
            if held is None:
                found[change.document_id] = "the stored document is not there"
            elif held != expected:
                names = [name for name in _FIELDS if getattr(held, name) != getattr(expected, name)]
                found[change.document_id] = f"differs in {', '.join(names)}"
        return found


class VectorHoldings:
    """``Holdings`` of a vector index: the vectors are compared with what ``fresh`` makes of the
    documents. Its embedder reads from no cache: that could be what is wrong.
    """

    def __init__(self, index: VectorIndex, fresh: VectorWriter) -> None:
        self._index = index
        self._fresh = fresh

    def refresh(self) -> None:
        """What is applied is seen at once."""

    def forget(self, document_ids: Collection[str]) -> None:
        """See ``Holdings``."""
        self._index.forget(document_ids)

    def versions(self, first: int, last: int | None) -> Iterator[Held]:
        """See ``Holdings``."""
        return (Held(*row) for row in self._index.versions(first, last))

    def versions_of(self, document_ids: Collection[str]) -> list[Held]:
        """See ``Holdings``."""
        return [Held(*row) for row in self._index.versions_of(document_ids)]

    def contents(self, document_ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """See ``Holdings``."""
        return self._index.vectors(document_ids)

    def differences(
        self, changes: Sequence[Change], contents: Mapping[str, FloatMatrix]
    ) -> dict[str, str]:
        """See ``Holdings``."""
        found = {}
        for document_id, expected in self._fresh.prepare(changes).items():
            how = _difference(contents.get(document_id), expected)
            if how is not None:
                found[document_id] = how
        return found


def _difference(held: FloatMatrix | None, expected: FloatMatrix) -> str | None:
    count = 0 if held is None else len(held)
    if held is None or count != len(expected):
        return f"{count} passages, expected {len(expected)}"
    cosines = _cosines(held, expected)
    worst = int(np.argmin(cosines))
    # "not at least" rather than "less": a vector that is no number compares as neither.
    if not cosines[worst] >= LEAST_COSINE:
        return f"passage {worst + 1} of {count}: cosine {cosines[worst]:.4f} to a fresh embedding"
    return None


def _cosines(held: FloatMatrix, expected: FloatMatrix) -> npt.NDArray[np.float64]:
    """Row by row; two zero vectors are equal."""
    left, right = held.astype(np.float64), expected.astype(np.float64)
    lengths = np.linalg.norm(left, axis=1), np.linalg.norm(right, axis=1)
    products = (left * right).sum(axis=1)
    both = lengths[0] * lengths[1]
    cosines: npt.NDArray[np.float64] = np.divide(
        products, both, out=np.zeros_like(products), where=both != 0
    )
    cosines[(lengths[0] == 0) & (lengths[1] == 0)] = 1.0
    return cosines
