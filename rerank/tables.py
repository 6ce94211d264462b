"""What training learns beside the trees, stored with the model."""

from dataclasses import dataclass

from tandem.errors import ModelError


@dataclass(frozen=True)
class Tables:
    """Nothing was learned."""

    def to_npz(self) -> bytes:
        """As stored."""
        return b""

    @classmethod
    def from_npz(cls, content: bytes) -> "Tables":
        """What ``to_npz`` gave.

        Raises:
            ModelError: it is something else.
        """
        if content:
            raise ModelError("tables.npz holds what this version cannot read")
        return cls()
