"""A comparison as data, for programs and for reports."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from relevance_eval.compared import Comparison, Moved
from relevance_eval.power import LEVEL, POWER


def as_data(comparison: Comparison) -> dict[str, Any]:
    """Every figure under the name that it has in ``Comparison``, ready for JSON."""
    data: dict[str, Any] = _plain(comparison)
    return {"primary": comparison.primary, "level": LEVEL, "power": POWER} | data


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, Moved):
        return value._asdict() | {"difference": value.difference}
    if isinstance(value, tuple):
        named = getattr(value, "_asdict", None)
        return [_plain(inner) for inner in value] if named is None else _plain(named())
    return value
