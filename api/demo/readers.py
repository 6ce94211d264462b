"""Simulated readers: declared interests, and a chance of clicking that is known.

None of them lives. What a reader clicks follows the position-based model (M. Richardson et al.,
"Predicting clicks", 2007):

    P(click at position p) = examined(p) x appeal
    examined(p) = 1 / p^0.7
    appeal = 0.02 + 0.98 x useful(grade) x liking(reader, document)
    liking = kind x (0.5 + 0.5 x section)

``useful`` is 0, 0.5, 0.75 and 1 for the grades 0 to 3 of the demo's judgments: what nobody judged
is clicked by mistake alone, twice in a hundred looks. ``kind`` and ``section`` are the reader's
weights for these fields' values of the document, the largest weight of each field being 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

SEED = 0

SECTION = "section"
KIND = "kind"

EXAMINATION_POWER = 0.7
BY_MISTAKE = 0.02
USEFUL = (0.0, 0.5, 0.75, 1.0)
"""By grade."""

WHEREVER_IT_IS = 0.5
"""How much of its appeal a document keeps that is in none of a reader's sections."""

CONCENTRATION = 20.0
"""Of the Dirichlet distribution that weights are drawn from: the larger, the more alike are readers
of the same archetype."""

ELSEWHERE = 0.05
"""The share of the weight that lies, before the draw, on what an archetype does not name."""

SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "network services": ("Concurrency", "Networking", "Cryptography"),
    "data": ("Data types", "File formats", "Numbers", "Persistence", "Text"),
    "files": ("Files and folders", "Compression", "Operating system"),
    "tests and failures": (
        "Debugging and profiling",
        "Functional tools",
        "Logging",
        "Runtime",
        "Testing and documentation",
    ),
}
"""What a reader may be interested in -> the sections of the documentation that are about it."""

FORMS: Mapping[str, tuple[str, ...]] = {
    "functions": ("function",),
    "classes and methods": ("class", "method"),
    "overviews": ("module", "class"),
}
"""What a reader may like to read -> the kinds of documents that are it."""

SECTIONS = tuple(sorted({section for named in SUBJECTS.values() for section in named}))
KINDS = ("class", "function", "method", "module")


@dataclass(frozen=True, slots=True)
class Reader:
    """``sections`` and ``kinds`` map values to their weight, the largest being 1; what is not among
    them has none.
    """

    user_id: str
    subject: str
    form: str
    sections: Mapping[str, float]
    kinds: Mapping[str, float]

    def interest(self, attributes: Mapping[str, Any]) -> float:
        """How near a document of these attributes is to the reader's subject, 0 to 1."""
        return self.sections.get(str(attributes.get(SECTION)), 0.0)

    def liking(self, attributes: Mapping[str, Any]) -> float:
        """How much such a document is to the reader's liking, 0 to 1."""
        subject = WHEREVER_IT_IS + (1 - WHEREVER_IT_IS) * self.interest(attributes)
        return self.kinds.get(str(attributes.get(KIND)), 0.0) * subject

    def appeal(self, grade: int, attributes: Mapping[str, Any]) -> float:
        """How likely the reader clicks an answer of that grade once it is looked at, 0 to 1."""
        return BY_MISTAKE + (1 - BY_MISTAKE) * USEFUL[grade] * self.liking(attributes)


def examined(position: int) -> float:
    """How likely the answer at a position, counted from 1, is looked at."""
    return float(position**-EXAMINATION_POWER)


def draw_readers(count: int, seed: int) -> list[Reader]:
    """So many readers, subjects and forms in turn: the same for the same seed, and of more of them
    the first are the same.
    """
    return [_draw(number, seed) for number in range(count)]


def _draw(number: int, seed: int) -> Reader:
    lot = np.random.default_rng((seed, number))
    subject = [*SUBJECTS][number % len(SUBJECTS)]
    form = [*FORMS][number // len(SUBJECTS) % len(FORMS)]
    return Reader(
        f"simulated-{number + 1:03}",
        subject,
        form,
        _weights(lot, SECTIONS, SUBJECTS[subject]),
        _weights(lot, KINDS, FORMS[form]),
    )


def _weights(
    lot: np.random.Generator, values: tuple[str, ...], liked: tuple[str, ...]
) -> dict[str, float]:
    """Drawn around equal weights of what is liked and, all in all, ``ELSEWHERE`` of everything."""
    expected = np.full(len(values), ELSEWHERE / len(values))
    expected[[values.index(value) for value in liked]] += (1 - ELSEWHERE) / len(liked)
    drawn = lot.dirichlet(CONCENTRATION * expected)
    return dict(zip(values, (drawn / drawn.max()).tolist(), strict=True))
