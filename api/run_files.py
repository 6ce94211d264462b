"""The files of several runs, each under a name of its own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from relevance_eval.formats.judged import ReadRun
from relevance_eval.formats.registry import read_run
from tandem.errors import InputError


def read_runs(paths: Sequence[Path]) -> dict[str, ReadRun]:
    """Each run by its file's name, by its whole path where names are equal.

    Raises:
        InputError: a file is given twice.
        SourceError: one cannot be read.
    """
    return {name: read_run(path) for name, path in named_runs(paths).items()}


def named_runs(paths: Sequence[Path]) -> Mapping[str, Path]:
    """Name -> file; see ``read_runs``."""
    stems = Counter(path.name.split(".")[0] for path in paths)
    named: dict[str, Path] = {}
    for path in paths:
        stem = path.name.split(".")[0]
        name = stem if stem and stems[stem] == 1 else str(path)
        if name in named:
            raise InputError(f"{path}: the run is given twice", hint="name each run once")
        named[name] = path
    return named
