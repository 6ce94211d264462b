"""What training learns beside the trees, stored with the model."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tables:
    """Nothing was learned."""
