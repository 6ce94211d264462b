"""What training learned beside the trees, stored with the model: numbers of documents by id.

Nothing in it names a person: somebody is folded in from their own deeds when they ask.
"""

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from rerank.records import Codes, codes_of
from tandem.errors import ModelError

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]

NEIGHBOURS, CLOSENESS = "neighbours", "closeness"


def _none(*shape: int) -> Floats:
    return np.zeros(shape, np.float32)


@dataclass(frozen=True, eq=False)
class ValueTable:
    """Of a keyword field's values: ``residuals``, by how much better than usual documents with it
    are rated, shrunk to 0, and ``counts``, how many ratings say so; float32 (values,).
    """

    values: tuple[str, ...] = ()
    residuals: Floats = field(default_factory=lambda: _none(0))
    counts: Floats = field(default_factory=lambda: _none(0))


class CodedValues(NamedTuple):
    """Of the values of several fields by their ``codes``, which rise: as in ``ValueTable``."""

    codes: Codes
    residuals: Floats
    counts: Floats


@dataclass(frozen=True, eq=False)
class Tables:
    """Numbers of the documents that people had met when it was learned, a row each.

    ``usual`` is the mean rating and ``spread`` the standard deviation of what biases leave of
    ratings, NaN and 1 where there are none. ``biases``, float32 (documents,): how much better than
    usual a document is rated, by people as strict as most and of no taste for it. ``factors``,
    float32 (documents, k): documents that people or content bring together point the same way.
    ``neighbours``, int32 (documents, n), and ``closeness``, float32, 0 to 1: the documents that the
    same people met, the closest first; -1 and 0 where there are fewer. ``values``: field ->
    ``ValueTable``. ``widths``: number field -> how far apart two of its values are that have little
    to do with each other.
    """

    document_ids: tuple[str, ...] = ()
    usual: float = float("nan")
    spread: float = 1.0
    biases: Floats = field(default_factory=lambda: _none(0))
    factors: Floats = field(default_factory=lambda: _none(0, 0))
    neighbours: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 0), np.int32))
    closeness: Floats = field(default_factory=lambda: _none(0, 0))
    values: Mapping[str, ValueTable] = field(default_factory=dict)
    widths: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def of_values(self) -> CodedValues:
        """What is known of the values of all fields together."""
        tables = self.values
        codes = np.concatenate(
            [codes_of("", ()), *(codes_of(name, tables[name].values) for name in tables)]
        )
        order = np.argsort(codes)
        parts = [*tables.values()] or [ValueTable()]
        return CodedValues(
            codes[order],
            np.concatenate([table.residuals for table in parts])[order],
            np.concatenate([table.counts for table in parts])[order],
        )

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {document_id: row for row, document_id in enumerate(self.document_ids)}

    def rows(self, document_ids: Iterable[str]) -> Rows:
        """The rows of documents, in their order; -1 for one that is not there."""
        return np.fromiter(map(self._places.get, document_ids, repeat(-1)), np.intp)

    def biases_of(self, rows: Rows) -> npt.NDArray[np.float64]:
        """The biases of rows; 0, as good as usual, for -1."""
        if not len(self.biases):
            return np.zeros(len(rows))
        return np.where(rows >= 0, self.biases[rows].astype(np.float64), 0.0)

    def to_npz(self) -> bytes:
        """As stored, the same bytes for the same tables; empty where nothing was learned."""
        if not self.document_ids and not self.values:
            return b""
        names = {
            "documents": self.document_ids,
            "usual": None if np.isnan(self.usual) else self.usual,
            "spread": self.spread,
            "fields": {name: table.values for name, table in self.values.items()},
            "widths": dict(self.widths),
        }
        arrays: dict[str, npt.NDArray[Any]] = {
            "names": np.frombuffer(orjson.dumps(names), dtype=np.uint8),
            "biases": self.biases,
            "factors": self.factors,
            NEIGHBOURS: self.neighbours,
            CLOSENESS: self.closeness,
        }
        for number, table in enumerate(self.values.values()):
            arrays[f"residuals{number}"] = table.residuals
            arrays[f"counts{number}"] = table.counts
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        return buffer.getvalue()

    @classmethod
    def from_npz(cls, content: bytes) -> "Tables":
        """What ``to_npz`` gave.

        Raises:
            ModelError: it is something else, or its parts do not fit each other.
        """
        if not content:
            return cls()
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                tables = cls._of({name: stored[name] for name in stored.files})
        except (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise _malformed(f"{type(error).__name__}: {error}") from error
        if fault := tables.fault():
            raise _malformed(fault)
        return tables

    @classmethod
    def _of(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> "Tables":
        names = orjson.loads(arrays["names"].tobytes())
        return cls(
            document_ids=tuple(names["documents"]),
            usual=float("nan") if names["usual"] is None else float(names["usual"]),
            spread=float(names["spread"]),
            biases=arrays["biases"],
            factors=arrays["factors"],
            neighbours=arrays[NEIGHBOURS],
            closeness=arrays[CLOSENESS],
            values={
                name: ValueTable(
                    tuple(values), arrays[f"residuals{number}"], arrays[f"counts{number}"]
                )
                for number, (name, values) in enumerate(names["fields"].items())
            },
            widths={name: float(width) for name, width in names["widths"].items()},
        )

    def fault(self) -> str | None:
        """What keeps signals from reading it, ``None`` if nothing does."""
        documents = len(self.document_ids)
        linked = (documents, *self.neighbours.shape[1:])
        expected = [
            ("biases", self.biases, np.float32, (documents,)),
            ("factors", self.factors, np.float32, (documents, *self.factors.shape[1:])),
            (NEIGHBOURS, self.neighbours, np.int32, linked),
            (CLOSENESS, self.closeness, np.float32, linked),
        ]
        for name, table in self.values.items():
            rows = (len(table.values),)
            expected.append((f"residuals of {name}", table.residuals, np.float32, rows))
            expected.append((f"counts of {name}", table.counts, np.float32, rows))
        for name, array, kind, shape in expected:
            if array.dtype != kind or array.shape != shape:
                return f"{name} is {array.dtype} {array.shape}, expected {np.dtype(kind)} {shape}"
            if not np.isfinite(array).all():
                return f"{name} holds what is no number"
        return self._fault_in_names()

    def _fault_in_names(self) -> str | None:
        documents = len(self.document_ids)
        if self.factors.ndim != 2 or self.neighbours.ndim != 2:
            return "factors and neighbours are to be tables"
        if len(self._places) < documents:
            return "a document is there twice"
        if self.neighbours.size and not -1 <= self.neighbours.min() <= self.neighbours.max() < (
            documents
        ):
            return "a neighbour is no document of it"
        if not 0 < self.spread < np.inf or not all(0 < w < np.inf for w in self.widths.values()):
            return "a spread is not above 0"
        return None


def _malformed(fault: str) -> ModelError:
    return ModelError(
        f"tables.npz holds what this version cannot read: {fault}", hint="train the model again"
    )
