"""A difference in a sentence: what was seen, and whether to believe it."""

from dataclasses import replace

from relevance_eval.compared import Difference
from relevance_eval.power import LEVEL, fewest


def sentence(found: Difference, family: int) -> Difference:
    """The same with its sentence; ``family`` is how many tests were corrected together."""
    return replace(found, sentence=_sentence(found, family))


def chance(p: float) -> str:
    """A p-value: ``p = 0.012``, ``p < 0.001``."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}" if p < 0.1 else f"p = {p:.2f}"


def _sentence(found: Difference, family: int) -> str:
    queries = found.wins + found.losses + found.ties
    if queries == 1:
        return f"One query says nothing of others: {_seen(found)} on {found.measure}."
    if not found.wins + found.losses:
        return (
            f"{found.first} and {found.second} have the same {found.measure} on each of "
            f"{queries:,} queries."
        )
    if found.is_believed:
        better, worse = _order(found)
        return (
            f"{better} is {_than(found)} {worse} by {_span(found)} on {found.measure}, "
            f"{_tested(found, family)}, {queries:,} queries."
        )
    return (
        f"{queries:,} queries cannot tell {found.first} and {found.second} apart on "
        f"{found.measure}: {_seen(found)}, {_tested(found, family)}. {_wanted(found, family)}"
    )


def _than(found: Difference) -> str:
    """To be judged more is no merit."""
    return "above" if found.measure.startswith("Judged") else "better than"


def _order(found: Difference) -> tuple[str, str]:
    names = (found.first, found.second)
    return names[::-1] if found.estimate.mean > 0 else names


def _span(found: Difference) -> str:
    """Of the better one above the worse one."""
    mean, low, high = found.estimate
    if mean < 0:
        mean, low, high = -mean, -high, -low
    return f"{mean:.4f} (95 %: {low:.4f} to {high:.4f})"


def _seen(found: Difference) -> str:
    if found.estimate.mean == 0:
        return f"their means are equal (95 %: within {found.estimate.high:.4f})"
    better, _ = _order(found)
    return f"{better} is ahead by {_span(found)}"


def _tested(found: Difference, family: int) -> str:
    if family == 1:
        return chance(found.p)
    return f"{chance(found.p_holm)} after Holm's correction for {family} tests ({chance(found.p)})"


def _wanted(found: Difference, family: int) -> str:
    """What it would take."""
    differing = found.wins + found.losses
    if differing < fewest(LEVEL / family):
        among = "" if family == 1 else f", too often for one of {family} tests"
        return (
            f"Only {differing} of them differ: whichever way those go, luck alone does the same in "
            f"{_share(2.0 ** (1 - differing))} of all cases{among}."
        )
    said = []
    if found.needed is not None and found.needed > found.wins + found.losses + found.ties:
        said.append(f"About {_rounded(found.needed):,} would, were that the true difference.")
    if found.detectable is not None:
        said.append(
            f"These find a true difference of {found.detectable:.4f} in four cases of five."
        )
    return " ".join(said)


def _share(of_cases: float) -> str:
    return f"{100 * of_cases:.3g}%"


def _rounded(queries: int) -> int:
    """Two digits: it is an estimate of an estimate."""
    digits = max(0, len(str(queries)) - 2)
    return round(queries, -digits)
