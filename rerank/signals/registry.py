"""The registry of signals, and what a feature is called.

A signal is a function of a ``Scene`` that gives a value for every candidate, NaN where it is not
known. One with ``each`` is a family: it is called once for each field of the schema of those types,
and makes a feature ``name.field`` of each.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

from rerank.facts import Need
from rerank.scene import Scene, Values
from tandem.fields import FieldType
from tandem.schema import Schema

Scope = Literal["query", "text", "document", "everyone", "person", "session"]
"""What a signal is about:

query      the query alone: the same for every candidate
text       the query and a document's text
document   a document's content alone
everyone   what all people did
person     who asks, and a document
session    what they did in the last minutes, and a document
"""

Reads = Literal["answer", "documents", "words", "engines", "events", "tables"]
"""What it is computed from: the legs' answers, the documents' fields, the words of their texts and
of the query, further calls to engines (vectors), the event log, or what training learned.

What reads nothing but events and tables can be computed again for any moment of the past. The rest
is of the moment: it is logged with the impression, unless it reads tables. Those are the model's
that answered, not those of the model to come: it is computed again, from the documents of today.
"""

PERSONAL: frozenset[Scope] = frozenset({"person", "session"})

Compute = Callable[..., Values]


@dataclass(frozen=True, slots=True)
class Signal:
    """``low`` and ``high`` bound the value, both included; ``None`` = no bound. ``missing`` says
    when it is NaN. ``rises``: 1 or -1 where more of it can only help or only harm a document,
    which is held as a monotone constraint; 0 otherwise.
    """

    name: str
    scope: Scope
    unit: str
    missing: str
    reads: tuple[Reads, ...]
    compute: Compute
    low: float | None = None
    high: float | None = None
    each: tuple[FieldType, ...] = ()
    rises: int = 0

    @property
    def about(self) -> str:
        """The first paragraph of the function's docstring."""
        return " ".join((self.compute.__doc__ or "").split("\n\n")[0].split())

    @property
    def is_replayed(self) -> bool:
        """Whether it can be computed again for any moment of the past."""
        return not {*self.reads} - {"events", "tables"}

    @property
    def is_logged(self) -> bool:
        """Whether training takes what was served: of the moment, and the same for every model."""
        return not self.is_replayed and "tables" not in self.reads

    @property
    def is_personal(self) -> bool:
        """Whether it depends on who asks."""
        return self.scope in PERSONAL


@dataclass(frozen=True, slots=True)
class Feature:
    """A column: a signal, of a field where the signal is a family."""

    signal: Signal
    field: str | None = None

    @property
    def name(self) -> str:
        """``signal``, or ``signal.field``."""
        return self.signal.name if self.field is None else f"{self.signal.name}.{self.field}"

    def compute(self, scene: Scene) -> Values:
        """A value for every candidate.

        Raises:
            ValueError: the signal gave another shape.
        """
        named = {} if self.field is None else {"field": self.field}
        values = np.asarray(self.signal.compute(scene, **named), dtype=np.float64)
        if values.shape != (len(scene),):
            raise ValueError(f"signal {self.name}: expected {len(scene)} values, {values.shape}")
        return values


_SIGNALS: dict[str, Signal] = {}


def signal(name: str, **described: Any) -> Callable[[Compute], Compute]:
    """Register the decorated function; see ``Signal`` for what describes it.

    Raises:
        ValueError: the name is taken.
    """

    def register(compute: Compute) -> Compute:
        known = _SIGNALS.get(name)
        if known is not None and known.compute.__module__ != compute.__module__:
            raise ValueError(f"there are two signals {name!r}")
        _SIGNALS[name] = Signal(name, compute=compute, **described)
        return compute

    return register


@cache
def signals() -> Mapping[str, Signal]:
    """Every signal of this package by name, in order of name."""
    package = importlib.import_module("rerank.signals")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"rerank.signals.{module.name}")
    return dict(sorted(_SIGNALS.items()))


def features(schema: Schema, chosen: Iterable[Signal] | None = None) -> tuple[Feature, ...]:
    """The features that signals, by default all, make over a schema, in a fixed order."""
    made: list[Feature] = []
    for item in signals().values() if chosen is None else chosen:
        if item.each:
            fields = sorted(field.name for field in schema.fields if field.type in item.each)
            made += [Feature(item, name) for name in fields]
        else:
            made.append(Feature(item))
    return tuple(made)


def needs(chosen: Iterable[Feature]) -> frozenset[Need]:
    """What of the documents' facts these features look at, beside the fields."""
    read = {item for feature in chosen for item in feature.signal.reads}
    words: set[Need] = {"words"} if "words" in read else set()
    vectors: set[Need] = {"vectors"} if "engines" in read else set()
    return frozenset(words | vectors)
