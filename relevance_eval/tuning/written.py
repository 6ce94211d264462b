"""A tuned search as a file: the settings that say it, and what they are worth, for people."""

from collections.abc import Mapping
from typing import Any

from relevance_eval.tuning.answers import MEASURE
from relevance_eval.tuning.losses import difference
from relevance_eval.tuning.tuning import Tuned


def as_toml(tuned: Tuned, judgments: str) -> str:
    """A file for ``tandem promote --search``, which also fits into ``tandem.toml``."""
    settings = tuned.point.settings()
    held_out = tuned.held_out
    lines = [
        f"# Chosen by {tuned.queries:,} queries of {judgments!r}.",
        f"# {MEASURE} {held_out.mean:.4f} held out,",
        f"# 95 % interval {held_out.low:.4f} to {held_out.high:.4f}.",
        *(f"# {difference(lift.difference.mean)} to {lift.other}" for lift in tuned.lifts),
        "[search]",
        f'fusion = "{settings["fusion"]}"',
        f"depth = {settings['depth']}",
    ]
    for leg in ("lexical", "vector"):
        lines += ["", f"[search.{leg}]"]
        lines += [f"{name} = {_value(value)}" for name, value in settings[leg].items()]
    return "\n".join(lines) + "\n"


def _value(value: float | Mapping[str, float]) -> str:
    if not isinstance(value, Mapping):
        return repr(value)
    return "{" + ", ".join(f"{name} = {number!r}" for name, number in value.items()) + "}"


def as_data(tuned: Tuned) -> dict[str, Any]:
    """For a program."""
    return {
        "measure": MEASURE,
        "queries": tuned.queries,
        "points": tuned.points,
        "scorings": tuned.scorings,
        "is_current": tuned.is_current,
        "search": tuned.point.settings(),
        "shown": tuned.shown,
        "held_out": tuned.held_out._asdict(),
        "lifts": [
            {"other": lift.other, "mean": lift.mean, "difference": lift.difference._asdict()}
            for lift in tuned.lifts
        ],
        "by_fold": [point.settings() for point in tuned.by_fold],
        "warnings": list(tuned.warnings),
    }
