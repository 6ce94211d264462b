"""A file of graded answers: what somebody asked, and how good each candidate was for them.

A line is a JSON object: ``query_id``, ``query``, ``user_id`` (may be missing), ``timestamp`` in
seconds since 1970, and ``candidates``, each ``document_id`` and ``grade``, 0 to 30. A line whose
``split`` is there and is not ``train`` is for others to measure with.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tandem.errors import SourceError
from tandem.files import LineFault, Lines

TRAIN = "train"
HINT = "see docs/howto/train-and-promote.md for what a line looks like"


class Candidate(BaseModel):
    """A document that was graded."""

    model_config = ConfigDict(frozen=True, strict=True)

    document_id: Annotated[str, Field(min_length=1)]
    grade: Annotated[int, Field(ge=0, le=30)]


class Graded(BaseModel):
    """One line."""

    model_config = ConfigDict(frozen=True, strict=True)

    query_id: Annotated[str, Field(min_length=1)]
    query: str = ""
    user_id: str | None = None
    timestamp: Annotated[float, Field(ge=0, le=4e9, allow_inf_nan=False)]
    split: str = TRAIN
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1, strict=False)]

    @property
    def grades(self) -> Mapping[str, int]:
        """Document -> grade."""
        return {item.document_id: item.grade for item in self.candidates}


class GradedFile(NamedTuple):
    """What may be trained on, and how many lines are for others."""

    answers: tuple[Graded, ...]
    left_out: int


def read_graded(path: Path) -> GradedFile:
    """All of a file, plain or gzip.

    Raises:
        SourceError: it cannot be read, a line is not as it should be, or an id is there twice.
    """
    answers: dict[str, Graded] = {}
    left_out = 0
    for number, line in _lines(path):
        graded = _graded(path, number, line)
        if graded.query_id in answers:
            raise SourceError(
                f"{path}:{number}: query_id {graded.query_id!r} is there twice", hint=HINT
            )
        if graded.split == TRAIN:
            answers[graded.query_id] = graded
        else:
            left_out += 1
    return GradedFile(tuple(answers.values()), left_out)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with Lines(path) as lines:
        try:
            for line in lines:
                if line.strip():
                    yield lines.number, line
        except LineFault as fault:
            raise SourceError(f"{path}:{lines.number}: {fault.reason}", hint=HINT) from None


def _graded(path: Path, number: int, line: bytes) -> Graded:
    try:
        graded = Graded.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        told = f"{place}: {first['msg']}" if place else first["msg"]
        raise SourceError(f"{path}:{number}: {told}", hint=HINT) from None
    if len(graded.grades) < len(graded.candidates):
        raise SourceError(f"{path}:{number}: candidates: a document is there twice", hint=HINT)
    return graded
