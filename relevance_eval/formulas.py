"""The measures by name: which there are, how they are asked for, how each is computed.

Tools give one name to different formulas, so that figures do not compare: a name here is exact, and
its formula stands in every report.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tandem.errors import InputError

LARGEST_GRADE = 30
"""With exponential gain: 2^30 - 1 is still a whole number to trec_eval."""

EXPONENTIAL = "exp-log2"


class Family(NamedTuple):
    """``example`` says how it is written. ``parameters`` may be given, ``required`` must be."""

    example: str
    formula: str
    parameters: frozenset[str]
    required: str | None = None


_RELEVANT = "a document is relevant from grade {rel} on"
_CUT = frozenset({"cutoff", "rel"})

FAMILIES: Mapping[str, Family] = {
    "nDCG": Family(
        "nDCG@10, nDCG(dcg='exp-log2')@10",
        "sum over ranks i{to} of {gain} / log2(i + 1), divided by the largest such sum that the "
        "judged documents allow; grades below 1 and unjudged documents gain 0",
        frozenset({"cutoff", "dcg"}),
    ),
    "AP": Family(
        "AP, AP(rel=2)@100",
        "sum of the precision at the rank of each relevant document{within}, divided by the number "
        "of all relevant documents; " + _RELEVANT,
        _CUT,
    ),
    "RR": Family(
        "RR, RR@10",
        "1 / rank of the first relevant document{within}, 0 without one; " + _RELEVANT,
        _CUT,
    ),
    "P": Family(
        "P@10",
        "relevant documents{within}, divided by {cutoff}, however many were found; " + _RELEVANT,
        _CUT,
        "cutoff",
    ),
    "R": Family(
        "R@100",
        "relevant documents{within}, divided by the number of all relevant documents; " + _RELEVANT,
        _CUT,
        "cutoff",
    ),
    "Success": Family(
        "Success@5",
        "1 if there is a relevant document{within}, else 0; " + _RELEVANT,
        _CUT,
        "cutoff",
    ),
    "Rprec": Family(
        "Rprec",
        "relevant documents in the first R, divided by R, the number of all relevant documents; "
        + _RELEVANT,
        frozenset({"rel"}),
    ),
    "Bpref": Family(
        "Bpref",
        "mean over relevant documents of 1 - n / min(R, N): n of the documents above it are judged "
        "bad, R all relevant, N all judged bad ones; " + _RELEVANT,
        frozenset({"rel"}),
    ),
    "IPrec": Family(
        "IPrec@0.5",
        "the highest precision at any rank where recall is at least {recall}; a document is "
        "relevant from grade 1 on",
        frozenset({"recall"}),
        "recall",
    ),
    "Judged": Family(
        "Judged@10",
        "judged documents{within}, whatever their grade, divided by how many were found there",
        frozenset({"cutoff"}),
        "cutoff",
    ),
}


def parse(name: str) -> Any:
    """The measure as ir_measures has it.

    Raises:
        InputError: there is no such measure, a parameter is unknown or out of range, or one lacks.
    """
    import ir_measures

    try:
        measure = ir_measures.parse_measure(name)
        family = FAMILIES[measure.NAME]
        given = dict(measure.params)
    except (NameError, ValueError, KeyError, SyntaxError, AssertionError, TypeError):
        raise _refused(name, "no such measure") from None
    unknown = sorted(given.keys() - family.parameters)
    if unknown:
        raise _refused(name, f"{measure.NAME} has no parameter {unknown[0]!r}")
    if family.required is not None and family.required not in given:
        raise _refused(name, f"expected a number after @, such as {family.example}")
    for parameter, value in given.items():
        _check(name, parameter, value)
    return measure


def formula(name: str) -> str:
    """How a measure is computed, on one line.

    Raises:
        InputError: there is no such measure.
    """
    measure = parse(name)
    given = measure.params
    cutoff = given.get("cutoff")
    return FAMILIES[measure.NAME].formula.format(
        to=" from 1 on" if cutoff is None else f" = 1..{cutoff}",
        within="" if cutoff is None else f" in the first {cutoff}",
        gain="(2^grade - 1)" if given.get("dcg") == EXPONENTIAL else "grade",
        cutoff=cutoff,
        rel=given.get("rel", 1),
        recall=given.get("recall"),
    )


def _check(name: str, parameter: str, value: object) -> None:
    if parameter == "dcg":
        if value not in {"log2", EXPONENTIAL}:
            raise _refused(name, f"dcg is 'log2' or '{EXPONENTIAL}', not {value!r}")
    elif parameter == "recall":
        if not isinstance(value, float) or not 0 <= value <= 1 or value != round(value, 2):
            raise _refused(name, f"recall is written 0.0 to 1.0 in hundredths, not {value!r}")
    elif isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise _refused(name, f"{parameter} is a whole number from 1 to 1,000,000, not {value!r}")


def _refused(name: str, reason: str) -> InputError:
    known = "; ".join(family.example for family in FAMILIES.values())
    return InputError(f"measure {name!r}: {reason}", hint=f"measures are written so: {known}")
