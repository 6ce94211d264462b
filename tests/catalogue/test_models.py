"""Models: kept whole, each under a number of its own, for as long as a release needs them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tandem.catalog.catalog import Catalog
from tandem.catalog.database import writing
from tandem.catalog.models import NEWEST_KEPT, Models
from tandem.catalog.tables import MODEL_PARTS
from tandem.errors import CatalogError, InputError, ModelError, ReleaseConflict
from tandem.schema import Schema

PARTS = {"model.txt": b"tree\n", "tables.npz": bytes(range(256))}
LATER = timedelta(days=1)


def generation(catalog: Catalog, collection: str = "main") -> int:
    """A new generation's number."""
    return catalog.releases.create_generation(
        collection, Schema(), analysis="english-1", embedder="m", dimension=8, passage_tokens=9
    ).number


@pytest.fixture
def models(catalog: Catalog) -> Models:
    """None yet."""
    return catalog.models


def test_a_model_is_kept_as_it_was_given(models: Models) -> None:
    """Its manifest and all its parts; lists leave the parts out."""
    begun = datetime.now(UTC) - timedelta(seconds=1)
    first = models.add("main", {"kind": "people", "features": ["a", "b"]}, PARTS)
    second = models.add("main", {"note": "nul\0"}, {"model.txt": b""})
    assert models.add("other", {}, PARTS) == 3
    found = models.get(first, "main")
    assert found == models.get(first)
    assert (found.number, found.collection, found.parts) == (1, "main", PARTS)
    assert found.manifest == {"kind": "people", "features": ["a", "b"]}
    assert begun < found.created_at < datetime.now(UTC) + timedelta(seconds=1)
    listed = models.list("main")
    assert [item.number for item in listed] == [second, first]
    assert [dict(item.parts) for item in listed] == [{}, {}]
    assert listed[0].manifest == {"note": "nul\0"}
    assert models.list("unknown") == []


@pytest.mark.parametrize("use", ["get", "remove"])
def test_a_model_that_is_not_there(models: Models, use: str) -> None:
    """Or another collection's: both are named."""
    models.add("other", {}, PARTS)
    for number, said in ((7, "no model 7"), (1, "model 1 is one of other, expected one of main")):
        with pytest.raises(InputError, match=said) as raised:
            getattr(models, use)(number, "main")
        assert "tandem models" in raised.value.hint
    assert len(models.list("other")) == 1


def test_a_model_without_parts_is_refused(models: Models) -> None:
    """It could not order anything."""
    with pytest.raises(ModelError, match="without parts"):
        models.add("main", {}, {})
    assert models.list("main") == []


def test_half_a_model_is_not_kept(models: Models) -> None:
    """Whatever ends it in the middle: manifest and parts are there together, or neither is."""
    broken: Any = {"model.txt": b"tree", "tables.npz": b"", "z": object()}
    with pytest.raises((CatalogError, TypeError)):
        models.add("main", {}, broken)
    assert models.list("main") == []
    assert models.add("main", {}, PARTS) == 1


def test_a_part_that_was_altered(catalog: Catalog) -> None:
    """In the database itself: it is named, and not served."""
    number = catalog.models.add("main", {}, PARTS)
    with writing(catalog.engine) as connection:
        connection.execute(
            MODEL_PARTS.update()
            .where(MODEL_PARTS.c.name == "tables.npz")
            .values(content=b"something else")
        )
    with pytest.raises(ModelError, match=r"tables\.npz of model 1 of main was altered") as raised:
        catalog.models.get(number)
    assert raised.value.hint


def test_a_removed_model_is_gone(models: Models) -> None:
    """Its number is not given again."""
    number = models.add("main", {}, PARTS)
    models.remove(number, "main")
    models.remove(number, "main")
    assert models.list("main") == []
    with pytest.raises(InputError, match="model 1 of main was removed"):
        models.get(number)
    assert models.add("main", {}, PARTS) == number + 1


# --- with releases ---


def test_a_release_has_its_model(catalog: Catalog) -> None:
    """Going back brings back the release with its model."""
    releases, made = catalog.releases, generation(catalog)
    first = releases.promote("main", made, parent=None)
    model = catalog.models.add("main", {}, PARTS)
    second = releases.promote("main", made, parent=first.number, model=model)
    assert (first.model, second.model) == (None, model)
    assert releases.live("main") == releases.release(second.number) == second
    assert releases.point("main", first.number, expected=second.number) == first
    assert releases.point("main", second.number, expected=first.number).model == model


def test_a_model_that_cannot_be_promoted(catalog: Catalog) -> None:
    """Unknown, another collection's, removed, or a promotion too late: nothing goes live."""
    releases, made = catalog.releases, generation(catalog)
    first = releases.promote("main", made, parent=None)
    catalog.models.add("other", {}, PARTS)
    catalog.models.remove(catalog.models.add("main", {}, PARTS), "main")
    third = catalog.models.add("main", {}, PARTS)
    for model, said in ((1, "is one of other"), (2, "was removed"), (9, "there is no model 9")):
        with pytest.raises(InputError, match=said):
            releases.promote("main", made, parent=first.number, model=model)
    with pytest.raises(ReleaseConflict):
        releases.promote("main", made, parent=None, model=third)
    assert releases.live("main") == first
    assert releases.history("main") == [first]


def test_a_model_of_a_kept_release_stays(catalog: Catalog) -> None:
    """Until its generation is dropped, also when another is live."""
    releases, models = catalog.releases, catalog.models
    model = models.add("main", {}, PARTS)
    first = releases.promote("main", generation(catalog), parent=None, model=model)
    second = releases.promote("main", generation(catalog), parent=first.number)
    with pytest.raises(InputError, match="model 1 of main is that of release 1, which is kept"):
        models.remove(model, "main")
    assert models.get(model).parts == PARTS
    releases.drop(first.generation)
    models.remove(model, "main")
    assert models.list("main") == []
    assert releases.live("main") == second


# --- forgetting ---


def test_old_models_are_forgotten(catalog: Catalog) -> None:
    """But for the newest few, and those that the live release and the one before it have."""
    releases, models, made = catalog.releases, catalog.models, generation(catalog)
    numbers = [models.add("main", {}, PARTS) for _ in range(4 + NEWEST_KEPT)]
    parent = None
    for model in numbers[:3]:
        parent = releases.promote("main", made, parent=parent, model=model).number
    now = datetime.now(UTC)
    assert models.purge("main", now - LATER) == 0
    assert models.purge("other", now + LATER) == 0
    assert [models.purge("main", now + LATER) for _ in range(2)] == [2, 0]
    assert [item.number for item in models.list("main")] == [*numbers[:3:-1], 3, 2]
    with pytest.raises(InputError, match="there is no model 1"):
        releases.point("main", 1, expected=3)
    assert releases.point("main", 2, expected=3).model == 2


def test_a_model_of_a_recent_release_is_not_forgotten(catalog: Catalog) -> None:
    """However old it is itself, and though others have gone live since."""
    releases, models, made = catalog.releases, catalog.models, generation(catalog)
    numbers = [models.add("main", {}, PARTS) for _ in range(1 + NEWEST_KEPT)]
    between = datetime.now(UTC)
    parent = None
    for model in (1, None, None):
        parent = releases.promote("main", made, parent=parent, model=model).number
    assert models.purge("main", between) == 0
    assert models.purge("main", datetime.now(UTC) + LATER) == 1
    assert [item.number for item in models.list("main")] == numbers[:0:-1]
