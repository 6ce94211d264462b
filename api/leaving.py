"""A generation is dropped only when nobody pages through it any more."""

from collections.abc import Callable, Iterable

from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation
from tandem.errors import TandemError
from tandem.telemetry import logger


def part(catalog: Catalog, old: Iterable[Generation], drop: Callable[[Generation], None]) -> None:
    """Drop the generations that no cursor holds; the others are ``leaving`` until they are looked
    at again.
    """
    for generation in old:
        if _is_held(catalog, generation):
            catalog.releases.set_state(generation.number, "leaving")
        else:
            drop(generation)


def leaving(catalog: Catalog, name: str) -> list[Generation]:
    """The generations of a collection that cursors alone have kept."""
    return [item for item in catalog.releases.generations(name) if item.state == "leaving"]


def stay(catalog: Catalog, generation: Generation) -> None:
    """Somebody wants it live again: it must not go while that is being done."""
    if generation.state == "leaving":
        catalog.releases.set_state(generation.number, "ready")


def _is_held(catalog: Catalog, generation: Generation) -> bool:
    """Whether a cursor that has not expired holds it. So it is taken where the store does not say:
    nothing else waits for that.
    """
    name, number = generation.collection, generation.number
    try:
        return catalog.has_frozen() and number in catalog.frozen.generations(name)
    except TandemError as error:
        logger("api").warning("generation %d of %s stays for now: %s", number, name, error)
        return True
