"""What the metrics tell of a collection, looked at when somebody asks for them."""

from collections.abc import Callable, Mapping
from concurrent.futures import TimeoutError as Late
from dataclasses import replace
from typing import Any

from api.asked_apart import PATIENCE_SECONDS, AskedApart
from api.collection import OpenCollection
from api.lasting import LastingTrouble
from api.look import lag_of
from api.metrics import Sight


class Sights:
    """Looks at a collection, in a thread of its own: a catalogue that hangs keeps nobody for more
    than a second. Thread-safe.
    """

    def __init__(self, find: Callable[[], OpenCollection | None]) -> None:
        """``find`` gives the collection, if it is open; it never waits."""
        self._find = find
        self._looked = AskedApart("metrics", self._look)
        self._trouble = LastingTrouble("metrics lack what the catalogue knows")

    def now(self, *, catalogue_is_up: bool) -> Sight:
        """What can be seen: without the catalogue the release alone."""
        collection = self._find()
        known = Sight(catalogue_is_up, {} if collection is None else _release(collection))
        if collection is None or not catalogue_is_up:
            return known
        try:
            seen = self._looked.begin().result(PATIENCE_SECONDS)
        except Late:
            return replace(known, catalogue_is_up=False)
        except Exception as error:  # whatever it is: the other metrics are told
            self._trouble.tell(error)
            return replace(known, catalogue_is_up=False)
        self._trouble.is_over()
        return seen

    def _look(self) -> Sight:
        collection = self._find()
        if collection is None:
            return Sight(catalogue_is_up=True)
        catalog, number = collection.catalog, collection.release.model
        manifest = {} if number is None else catalog.models.described(number).manifest
        behind = {}
        for leg, name in collection.live.index_names.items():
            checkpoint = catalog.checkpoints.read(name)
            behind[leg] = lag_of(catalog, collection.name, checkpoint.applied if checkpoint else 0)
        return Sight(True, _release(collection), behind, _expected(manifest))

    def close(self) -> None:
        """Look no more."""
        self._looked.close()


def _expected(manifest: Mapping[str, Any]) -> dict[str, float]:
    """Feature -> of which share of the candidates it was not known when the model was trained."""
    unknown = manifest.get("data", {}).get("unknown", {})
    return {name: unknown.get(name, 0.0) for name in manifest.get("features", ())}


def _release(collection: OpenCollection) -> dict[str, str]:
    release = collection.release
    return {
        "collection": collection.name,
        "release": str(release.number),
        "generation": str(release.generation),
        "model": "" if release.model is None else str(release.model),
    }
