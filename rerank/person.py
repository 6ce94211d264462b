"""What is known of the person who asks, as of a position in the event log."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tandem.behaviour import Deed, Who

DEEDS_READ = 200
"""A person is known by their last so many deeds."""


@dataclass(frozen=True)
class Person:
    """``deeds`` are on documents, oldest first."""

    who: Who = field(default_factory=Who)
    deeds: Sequence[Deed] = ()
