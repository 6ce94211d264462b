"""What a model says of itself, as lines for a person."""

from collections.abc import Iterator, Mapping

from rerank.manifest import Manifest
from tandem.fields import from_microseconds
from tandem.intervals import Estimate

LARGEST = 12
"""So many features are listed by their importance."""


def lines(said: Manifest) -> Iterator[str]:
    """What it was made from, how good it proved on held-out groups, and what it looks at most."""
    data, proof = said.data, said.proof
    yield f"  learned from {said.kind}: {data.groups:,} groups, {data.rows:,} candidates" + (
        f", {data.users:,} people" if data.users else ""
    )
    if data.last_seconds:
        first, last = map(_day, (data.first_seconds, data.last_seconds))
        yield f"  from {first} to {last}; position bias: {said.labels.position_bias}"
    for reason, count in data.left_out.items():
        yield f"  left out: {count:,} {reason}"
    yield from (f"  served and computed again: {line.strip()}" for line in data.skew)
    yield f"  for {said.embedder}, analysis {said.analysis}"
    for origin, count in data.origins.items():
        yield f"  {count:,} of the groups are {origin}"
    yield f"  {len(said.features)} features, {len(data.unused)} without use; most of the gain:"
    largest = sorted(said.importances.items(), key=lambda item: -item[1])[:LARGEST]
    yield from (f"    {share:6.1%}  {name}{_unknown(said, name)}" for name, share in largest)
    held_out = f"{proof.groups:,} held-out groups of {proof.users:,} people"
    yield f"  on {held_out} (95 % intervals); untrained: {proof.untrained}"
    if proof.doubt is not None:
        yield f"  {proof.doubt}"
    yield from _measured(proof.models)
    if proof.lifts:
        yield "  the model above (paired):"
        yield from _measured(proof.lifts, "+")
    for name, models in proof.slices.items():
        yield f"  {name} ({proof.slice_groups.get(name, 0):,} groups):"
        yield from _measured(models)


def _unknown(said: Manifest, name: str) -> str:
    share = said.data.unknown.get(name, 0.0)
    return f", unknown of {share:.1%}" if share else ""


def _measured(models: Mapping[str, Mapping[str, Estimate]], sign: str = "") -> Iterator[str]:
    for name, measures in models.items():
        told = ", ".join(
            f"{measure} {value.mean:{sign}.4f} ({value.low:{sign}.4f} to {value.high:{sign}.4f})"
            for measure, value in measures.items()
        )
        yield f"    {name:<14} {told}"


def _day(seconds: float) -> str:
    return f"{from_microseconds(int(seconds * 1_000_000)):%Y-%m-%d}"
