"""Which models may go live, and what becomes of the live one when the indexes are others."""

from collections.abc import Sequence

from rerank.manifest import UNTRAINED, Manifest
from rerank.model import Model
from rerank.signals.registry import features
from tandem.catalog.catalog import Catalog
from tandem.catalog.models import StoredModel
from tandem.catalog.releases import Generation, Release
from tandem.errors import CatalogError, InputError, ModelError
from tandem.protocols import Verdict
from tandem.scoring import LexicalScoring
from tandem.telemetry import logger

MODEL_GATES = ("better", "not-worse", "quality")
"""The names by which they are overridden. What a model cannot do without is never overridden."""

NEVER_OVERRIDDEN = ("pair", "scores", "features")

MEASURE = "nDCG@10"
SHOWN = 5


def check_pair(manifest: Manifest, generation: Generation) -> Verdict:
    """A model knows the scores of one embedder and one analysis: others lie elsewhere."""
    wanted, found = _pair(manifest), _pair(generation)
    detail = f"trained with {wanted}, generation {generation.number} has {found}"
    return Verdict("pair", wanted == found, detail)


def _pair(of: Manifest | Generation) -> str:
    return f"{of.embedder} and analysis {of.analysis}"


def check_scores(manifest: Manifest, generation: Generation, scoring: LexicalScoring) -> Verdict:
    """A model knows the lexical scores of one way to score words, as it does the embedder's. Two
    are the same if they are so over the generation's fields.
    """
    fields = generation.schema.text_fields
    wanted, found = manifest.scoring.among(fields), scoring.among(fields)
    detail = f"trained with words scored by {wanted}, searches score by {found}"
    return Verdict("scores", wanted == found, detail)


def check_features(manifest: Manifest, generation: Generation) -> Verdict:
    """Every feature that the model sees must be one of the generation's fields and of the signals
    that this version has.
    """
    known = {feature.name for feature in features(generation.schema)}
    missing = [name for name in manifest.features if name not in known]
    listed = ", ".join(missing[:SHOWN]) + (", ..." if len(missing) > SHOWN else "")
    count = len(manifest.features)
    detail = (
        f"{len(missing)} of {count} are not known here: {listed}" if missing else f"all {count}"
    )
    return Verdict("features", not missing, detail)


def usable(manifest: Manifest, generation: Generation, scoring: LexicalScoring) -> list[Verdict]:
    """What a model cannot do without."""
    return [
        check_pair(manifest, generation),
        check_scores(manifest, generation, scoring),
        check_features(manifest, generation),
    ]


def check_better(manifest: Manifest) -> Verdict:
    """On data that it was not trained on, it must be better than the untrained order, surely."""
    lift = manifest.proof.lifts.get("untrained", {}).get(MEASURE)
    if lift is None:
        return Verdict("better", False, "it was not compared with the untrained order")
    if manifest.proof.doubt is not None:
        return Verdict("better", False, manifest.proof.doubt)
    held_out = f"{manifest.proof.groups:,} held-out groups of {manifest.proof.users:,} people"
    stand_in = manifest.proof.untrained
    order = "the untrained order"
    if stand_in != UNTRAINED:
        order = f"what stands for the untrained order ({stand_in})"
    detail = (
        f"{MEASURE} {lift.mean:+.4f} to {order} over {held_out}, 95 % interval "
        f"{lift.low:+.4f} to {lift.high:+.4f}"
    )
    return Verdict("better", lift.low > 0, detail)


def check_not_worse(manifest: Manifest, live: int | None, margin: float) -> Verdict:
    """On the same data it must not be worse than the model that is live, but by the margin."""
    name = "not-worse"
    if live is None:
        return Verdict(name, True, "no model is live")
    lift = manifest.proof.lifts.get("live", {}).get(MEASURE)
    if manifest.proof.live == live and manifest.proof.uncompared:
        why = manifest.proof.uncompared
        return Verdict(name, False, f"model {live}, which is live, cannot be measured here: {why}")
    if manifest.proof.live != live or lift is None:
        return Verdict(
            name,
            False,
            f"it was not compared with model {live}, which is live: tandem train compares anew",
        )
    if manifest.proof.doubt is not None:
        return Verdict(name, False, manifest.proof.doubt)
    detail = (
        f"{MEASURE} {lift.mean:+.4f} to model {live}, which is live, 95 % interval "
        f"{lift.low:+.4f} to {lift.high:+.4f}, may fall by {margin}"
    )
    return Verdict(name, lift.low >= -margin, detail)


def opened_model(stored: StoredModel) -> Model:
    """The model as it was stored.

    Raises:
        ModelError: it cannot be used; the message names it.
    """
    try:
        return Model.read(stored.manifest, stored.parts)
    except ModelError as error:
        named = f"model {stored.number} of {stored.collection}"
        raise ModelError(f"{named}: {error}", hint=error.hint) from error


def check_overridable(overridden: Sequence[str]) -> None:
    """As ``check_gates``, of a model.

    Raises:
        InputError: there is no such gate, or it is not one that can be overridden.
    """
    for name in overridden:
        if name not in MODEL_GATES:
            why = "cannot be overridden" if name in NEVER_OVERRIDDEN else "is no gate of a model"
            raise InputError(
                f"--override: {name!r} {why}, expected {' or '.join(MODEL_GATES)}",
                hint="name the gate as the error that it gave does",
            )


# --- the live model, when other indexes go live ---


def unfit(catalog: Catalog, model: int, generation: Generation) -> str | None:
    """Why a model cannot order what a generation finds; ``None`` if it can."""
    try:
        manifest = opened_model(catalog.models.get(model)).manifest
    except (ModelError, InputError) as error:
        return str(error)
    for verdict in (check_pair(manifest, generation), check_features(manifest, generation)):
        if not verdict.is_passed:
            return f"{verdict.gate}: {verdict.detail}"
    return None


def carried(catalog: Catalog, before: Release, generation: Generation) -> int | None:
    """The model that a release of the generation has when it takes the place of ``before``: that
    one's, if it fits.
    """
    if before.model is None or unfit(catalog, before.model, generation) is not None:
        return None
    return before.model


def put_live(catalog: Catalog, generation: Generation, parent: int) -> Release:
    """Promote a generation, with the model of the release before if it fits, else without one.

    Raises:
        CatalogError: see ``Releases.promote``.
    """
    model = carried(catalog, catalog.releases.release(parent), generation)
    release = catalog.releases.promote(
        generation.collection, generation.number, parent=parent, model=model
    )
    if told := left_model(catalog, release):
        logger("api").warning("%s: release %s: %s", release.collection, release.number, told)
    return release


def left_model(catalog: Catalog, release: Release) -> str | None:
    """What to say where the release before had a model and this one could not have it."""
    if release.model is not None or release.parent is None:
        return None
    try:
        before = catalog.releases.release(release.parent)
        generation = catalog.releases.generation(release.generation)
        why = None if before.model is None else unfit(catalog, before.model, generation)
    except CatalogError as error:  # what is live is live, whatever can be said of it
        return str(error)
    if why is None:
        return None
    return f"without model {before.model}, which does not fit: {why}; tandem train makes another"
