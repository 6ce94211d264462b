"""Being written."""

from collections.abc import Mapping
from typing import Any

from api.asking import Order, Show
from api.owner import Owner


def train(owner: Owner, order: Order, show: Show) -> Mapping[str, Any]:
    """Train."""
    raise NotImplementedError
