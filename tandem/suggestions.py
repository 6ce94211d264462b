"""The order of suggested titles, the same for every engine: engines find, this decides."""

import unicodedata
from collections.abc import Iterable

CANDIDATES = 200
"""How many titles an engine hands over at most, for the best to be chosen among them."""


def folded(text: str) -> str:
    """Lower case, without accents and with single spaces: how suggestions compare texts."""
    decomposed = unicodedata.normalize("NFKD", text)
    kept = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(kept.lower().split())


def ordered(titles: Iterable[str], prefix: str, limit: int) -> list[str]:
    """Distinct titles: first those that begin with ``prefix``, then the shorter, then by letter."""
    start = folded(prefix)
    distinct = {folded(title): title for title in sorted(titles, reverse=True) if title.strip()}
    best = sorted(distinct, key=lambda text: (not text.startswith(start), len(text), text))
    return [distinct[text] for text in best[:limit]]
