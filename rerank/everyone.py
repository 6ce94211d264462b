"""What all people did with documents, as of a position in the event log."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Everyone:
    """Nothing is known yet."""
