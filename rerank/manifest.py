"""What a model says of itself: what it sees, what it was made from, and how good it proved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from tandem.errors import ModelError
from tandem.intervals import Estimate
from tandem.scoring import DEFAULT, LexicalScoring

MANIFEST_FORMAT = 2
"""1 had no scoring: what was trained then knows the default one."""

Kind = Literal["people", "judgments"]
"""Whose judgment it learned: what people did, or what assessors wrote."""

_STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)

UNTRAINED = "blended_score"
"""The feature that is the order of nothing trained."""

LEAST_PEOPLE = 30
"""Intervals that are drawn from fewer are too narrow: of 5 people, 8 % lie above zero that should
be 2.5 %; of one, all or nothing.
"""

Measured = dict[str, Estimate]
"""Measure, such as ``nDCG@10`` -> its mean over the groups, with the interval."""


@dataclass(frozen=True, slots=True)
class Labels:
    """What counts as how good. ``source``: ``clicks``, ``grades`` or ``judgments``. ``grades`` maps
    an action to its grade, where actions are the labels; a rating's is how many of ``rating_steps``
    it reaches. ``position_bias`` says how it was handled
    that what stands high is clicked more.
    """

    __pydantic_config__ = _STRICT

    source: str
    grades: dict[str, int] = field(default_factory=dict)
    position_bias: str = "none"
    rating_steps: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Data:
    """What it was made from. ``origins`` maps where groups are from to how many; ``parts`` maps
    training, validation and test to theirs. Times are seconds since 1970. ``fingerprint`` is
    SHA-256 over every group: the same data, the same fingerprint. ``left_out`` maps a reason to how
    many groups; ``unused`` a feature to why the model does not have it, ``unknown`` one that it has
    to the share of the candidates of which it is not known, if there are any. ``skew`` tells in
    lines whether what was computed again is what was served.
    """

    __pydantic_config__ = _STRICT

    groups: int
    rows: int
    users: int
    first_seconds: float
    last_seconds: float
    fingerprint: str
    origins: dict[str, int] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, float] = field(default_factory=dict)
    skew: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """How good models are on held-out groups, or, of clicks, on each by itself, weighted as
    ``rerank.training.bias.each_click`` says. ``users`` is of how many people they are; a query of
    nobody known counts as one. ``models`` maps a model, this one being ``model``,
    to its measures; ``lifts`` what this one is above another, paired. ``slices`` has both for parts
    of the groups, such as those of people hardly known: slice -> model -> measures. ``untrained``
    says what the order ``untrained`` is: ``blended_score``; or what stands for it where that was
    not logged: the positions shown (in so many groups), another feature, or by lot. ``live`` is the
    number of the model that was live; it is in ``models`` as ``live``, unless ``uncompared`` says
    why it could not be measured.
    """

    __pydantic_config__ = _STRICT

    groups: int
    users: int
    models: dict[str, Measured] = field(default_factory=dict)
    lifts: dict[str, Measured] = field(default_factory=dict)
    slices: dict[str, dict[str, Measured]] = field(default_factory=dict)
    slice_groups: dict[str, int] = field(default_factory=dict)
    untrained: str = UNTRAINED
    live: int | None = None
    uncompared: str = ""

    @property
    def doubt(self) -> str | None:
        """Why its intervals cannot be trusted; ``None`` where they can."""
        if self.users >= LEAST_PEOPLE:
            return None
        return (
            f"{self.users} people were held out to prove it, at least {LEAST_PEOPLE} are needed "
            "for an interval"
        )


@dataclass(frozen=True, slots=True)
class Manifest:
    """``features`` are in the order of the trees. ``start`` maps some of them to weights: their sum
    is what the trees are added to (NaN counts as 0). ``embedder`` and ``analysis`` name what a
    generation must be built with, ``scoring`` is how searches must score words. ``importances`` are
    shares of the gain, 1 together. ``checksums`` maps a part of the model to its SHA-256.
    """

    __pydantic_config__ = _STRICT

    kind: Kind
    features: tuple[str, ...]
    embedder: str
    analysis: str
    labels: Labels
    data: Data
    proof: Proof
    checksums: dict[str, str] = field(default_factory=dict)
    start: dict[str, float] = field(default_factory=dict)
    parameters: dict[str, Any] = field(default_factory=dict)
    importances: dict[str, float] = field(default_factory=dict)
    made_by: dict[str, str] = field(default_factory=dict)
    scoring: LexicalScoring = DEFAULT
    format: int = MANIFEST_FORMAT

    def as_json(self) -> dict[str, Any]:
        """Plain values, as ``read`` takes them."""
        return dict(_MANIFEST.dump_python(self, mode="json"))

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Manifest":
        """The manifest of plain values.

        Raises:
            ModelError: a newer version wrote it, or a value is missing or wrong.
        """
        written = said.get("format")
        if isinstance(written, int) and written > MANIFEST_FORMAT:
            raise ModelError(
                f"the model's manifest has format {written}, this version reads up to "
                f"{MANIFEST_FORMAT}",
                hint="use the version of Tandem that trained it, or train again",
            )
        try:
            manifest = _MANIFEST.validate_python(dict(said))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(step) for step in first["loc"])
            raise ModelError(f"the model's manifest: {place}: {first['msg']}") from error
        if not manifest.features or len({*manifest.features}) < len(manifest.features):
            raise ModelError("the model's manifest: features: expected at least one, none twice")
        if unknown := manifest.start.keys() - {*manifest.features}:
            raise ModelError(f"the model's manifest: start: {min(unknown)} is not a feature of it")
        return manifest


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)
