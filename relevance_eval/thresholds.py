"""What a mean must reach, or may lose: a TOML file that says it, and whether it came true.

``[minimum]`` has what a run's mean must be at least, ``[may_fall_by]`` how much it may be below
that of another run, both a line a measure: ``"nDCG@10" = 0.70``.
"""

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from relevance_eval.formulas import parse
from tandem.errors import InputError, SourceError

Kind = Literal["minimum", "may_fall_by"]
KINDS: tuple[Kind, ...] = get_args(Kind)

ROUNDING = 1e-9
"""0.8 - 0.1 is above 0.7 to a computer."""

EXPECTED = 'expected tables [minimum] and [may_fall_by] with lines such as "nDCG@10" = 0.70'


class Threshold(NamedTuple):
    """``place`` is where it was said: file and line, or a setting."""

    measure: str
    kind: Kind
    value: float
    place: str


class Outcome(NamedTuple):
    """A threshold held against a mean, and against the one ``before`` where that counts."""

    threshold: Threshold
    mean: float
    before: float | None

    @property
    def is_passed(self) -> bool:
        """Whether it is no lower than it may be; what only rounding makes lower is not."""
        least = self.threshold.value
        if self.before is not None:
            least = self.before - least
        return self.mean >= least - ROUNDING

    @property
    def told(self) -> str:
        """The figures on a line; where it did not come true, with the place."""
        measure, _, value, place = self.threshold
        if self.before is None:
            said = f"{measure} {self.mean:.4f}, at least {value}"
        else:
            said = f"{measure} {self.before:.4f} -> {self.mean:.4f}, may fall by {value}"
        return said if self.is_passed else f"{place}: {said}"


def read_thresholds(path: Path) -> tuple[Threshold, ...]:
    """The thresholds of a file, one at least, in its order.

    Raises:
        SourceError: it cannot be read, is no TOML, or says something else; file and line are named.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        tables = tomllib.loads(text)
    except OSError as error:
        raise SourceError(f"{path}: cannot be opened: {error.strerror or error}") from None
    except ValueError as error:
        raise SourceError(f"{path}: not TOML: {error}", hint=EXPECTED) from None
    unknown = [name for name, table in tables.items() if not _is_known(name, table)]
    if unknown:
        raise SourceError(f"{path}: {unknown[0]!r} means nothing here; {EXPECTED}")
    lines = _lines(text)
    found = tuple(
        _threshold(lines, path, kind, name, value)
        for kind in KINDS
        for name, value in tables.get(kind, {}).items()
    )
    if not found:
        raise SourceError(f"{path}: no threshold in it, {EXPECTED}")
    return found


def measures(thresholds: Sequence[Threshold]) -> tuple[str, ...]:
    """The measures that are asked for, each once."""
    return tuple({threshold.measure: None for threshold in thresholds})


def check_depth(thresholds: Sequence[Threshold], depth: int) -> None:
    """Lists of ``depth`` hits must be as long as what is measured of them.

    Raises:
        SourceError: one looks further; it is named.
    """
    for threshold in thresholds:
        cutoff = parse(threshold.measure).params.get("cutoff", 0)
        if cutoff > depth:
            raise SourceError(
                f"{threshold.place}: {threshold.measure} looks at {cutoff:,} hits, and {depth:,} "
                "are asked for",
                hint="take a smaller cutoff, or measure a deeper run by tandem eval gate",
            )


def hold(
    thresholds: Sequence[Threshold],
    means: Mapping[str, float],
    before: Mapping[str, float] | None,
) -> tuple[Outcome, ...]:
    """Each threshold against the means by measure. ``before`` may be missing where none compares.

    Raises:
        InputError: one compares, and there is nothing to compare with.
    """
    outcomes = []
    for threshold in thresholds:
        other = None
        if threshold.kind == "may_fall_by":
            if before is None:
                raise InputError(
                    f"{threshold.place}: {threshold.measure} may fall by {threshold.value}, and "
                    "there is no run to compare with",
                    hint="name it with --baseline",
                )
            other = before[threshold.measure]
        outcomes.append(Outcome(threshold, means[threshold.measure], other))
    return tuple(outcomes)


def _is_known(name: str, table: Any) -> bool:
    return name in KINDS and isinstance(table, dict)


def _threshold(
    lines: Mapping[tuple[str, str], int], path: Path, kind: Kind, name: str, value: Any
) -> Threshold:
    line = lines.get((kind, name))
    place = str(path) if line is None else f"{path}:{line}"
    try:
        parse(name)
    except InputError as error:
        raise SourceError(f"{place}: {error}", hint=error.hint) from None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0:
        raise SourceError(f"{place}: {kind} of {name} is {value!r}, expected a number from 0 on")
    return Threshold(name, kind, float(value), place)


def _lines(text: str) -> dict[tuple[str, str], int]:
    """(table, name) -> line, of what stands on a line of its own."""
    found: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), start=1):
        for name, is_table in _said(line):
            if is_table:
                table = name
            else:
                found[table, name] = number
    return found


def _said(line: str) -> Iterator[tuple[str, bool]]:
    try:
        said = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return
    for name in said:
        yield name, line.lstrip().startswith("[")
