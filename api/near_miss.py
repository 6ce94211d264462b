"""Hints for names that are nearly right."""

import difflib
from collections.abc import Iterable


def near_miss(name: str, known: Iterable[str]) -> str:
    """A hint naming the closest of those there are, or all of them."""
    there_are = sorted(known)
    close = difflib.get_close_matches(name, there_are, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(there_are) or 'none'}"
