"""What a module defines, however it was found: the word that source files and compiled modules
share.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_DEPRECATED = re.compile(
    r"\A\W*deprecated\b|\A[^.]*\b(?:is|are|now|been) deprecated\b|^\s*\.\. deprecated::",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A class, function, method or property.

    ``signature`` is the bracketed argument list, or empty. ``lines`` counts source lines, 0 for
    compiled code. ``members`` are a class's public methods, properties and classes, ``bases`` its
    base classes as written.
    """

    kind: str
    name: str
    signature: str = ""
    doc: str = ""
    lines: int = 0
    bases: tuple[str, ...] = ()
    members: Mapping[str, "Definition"] = field(default_factory=dict)


def is_deprecated(doc: str) -> bool:
    """Whether the first sentence of a documentation text, or a directive in it, says so."""
    return bool(_DEPRECATED.search(doc))
