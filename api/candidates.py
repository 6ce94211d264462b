"""Which generation a reindex builds."""

from dataclasses import dataclass

from api.bootstrap import House
from api.collection import OpenCollection
from api.wanted import MODEL, differing
from tandem.catalog.releases import Generation
from tandem.errors import InputError, ModelError
from tandem.settings import Settings


@dataclass(frozen=True, slots=True)
class ReindexOrder:
    """What a reindex shall do. ``model``: another embedding model than the settings'. ``resume``:
    go on with the generation that is half built, if there is one. ``settings``: those that this
    reindex goes by, in place of the collection's.
    """

    model: str | None = None
    resume: bool = False
    promote: bool = True
    overridden: tuple[str, ...] = ()
    settings: Settings | None = None


def candidate(
    house: House, collection: OpenCollection, order: ReindexOrder, settings: Settings
) -> tuple[Generation, list[Generation]]:
    """The generation to build by the settings, and the half-built ones that it takes the place of.

    Raises:
        InputError: the order names a model that cannot be had, or the half-built generation has
            another one, or other settings.
        ModelError: the settings' model cannot be had.
    """
    known = house.catalog.releases.generations(collection.name)
    building = [item for item in known if item.state == "building"]
    if order.resume and building:
        _check_model(building[-1], order)
        _check_settings(building[-1], settings)
        return building[-1], building[:-1]
    schema = settings.declared_schema() or collection.generation.schema
    model = order.model or settings.embedding.model
    try:
        # The model is loaded first: where it cannot be had, what is half built stays.
        made = house.create_generation(collection.name, schema, model, settings.indexing)
    except ModelError as error:
        if order.model is None:
            raise
        raise InputError(f"--embedder {order.model}: {error}", hint=error.hint) from error
    return made, building


def _check_model(half_built: Generation, order: ReindexOrder) -> None:
    model = half_built.embedder.partition("@")[0]
    if order.model not in {None, model}:
        raise InputError(
            f"generation {half_built.number} is half built with {model}, not with {order.model}",
            hint="leave out --resume to begin anew, or --embedder to go on with what there is",
        )


def _check_settings(half_built: Generation, settings: Settings) -> None:
    """Its model aside, which an order may have named."""
    names = [name for name in differing(settings, half_built) if name != MODEL]
    if names:
        raise InputError(
            f"generation {half_built.number} is half built with other settings: {', '.join(names)}",
            hint="leave out --resume to begin anew with the settings as they are, or set them back "
            "to go on with what there is",
        )
