"""Groups to train on out of what people were shown and chose.

What a model is served with must be what it learned from and was proved on. So where people searched
here, only those searches count of which the features were kept as they were served, by a release
with the same embedder, analysis and scoring of words: another one's scores lie elsewhere. What
another engine showed, and was imported, has none; it stands in where there is too little else.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import NamedTuple

from api.training_data import HOWTO, MINIMUM, Found, Ground, Labelling, made_of
from query.configurations import DEFAULT, is_reranked
from rerank.signals.registry import features
from rerank.training.clicks import Worth, grades_of
from rerank.training.groups import Group, TrainingSet
from rerank.training.skew import compared_with_served
from rerank.training.sweep import Wanted, wanted_of
from tandem.catalog.event_rows import Recorded
from tandem.errors import InputError
from tandem.events import CONFIGURATION, IMPORTED, Impression
from tandem.features import FeatureMatrix

RECOMPUTED = "imported, features of today"
"""Groups of what another engine showed: what the documents are now stands for what they were."""

UNKEPT = "without features as they were served: search.feature_log_share of the searches have them"
UNRANKED = "browsed, erased, or of a configuration that no model orders"
ANOTHER = "another embedder, analysis or scoring of words"
OTHER_INDEXES = f"answered with {ANOTHER}"
NOT_NEEDED = "imported, without features as they were served"

COMPARED = 1_000
"""So many groups tell whether what is computed again is what was served."""

KEPT_RELEASES = 100_000
"""As many as there could be."""


def from_clicks(ground: Ground, worth: Worth) -> Found:
    """The impressions of searches of which something was chosen, with the features that were kept
    when they were answered; if these are too few, what was imported, too.

    Raises:
        InputError: there are too few.
    """
    catalog, name = ground.collection.catalog, ground.collection.name
    if not catalog.has_events():
        raise too_few(0)
    log = catalog.events.behaviour(name)
    grades = grades_of(log, worth)
    chosen = [query_id for query_id, said in grades.items() if any(said.values())]
    pages = catalog.events.impressions_of(name, chosen)
    every = [page for page in pages if page.what.surface == "search"]
    searches = [page for page in every if _is_ranked(page.what)]
    wanted = wanted_of(searches, ground.schema)
    if len(wanted) < MINIMUM:
        raise too_few(len(wanted))
    picked = _picked(wanted, _kinds(ground, searches))

    def read(query_ids: Sequence[str]) -> Mapping[str, FeatureMatrix]:
        return catalog.events.features.of(name, [*picked.served & {*query_ids}])

    def as_read(group: Group) -> Group:
        is_served = group.group_id in picked.served
        return group if is_served else replace(group, origin=RECOMPUTED)

    made = made_of(ground, Labelling(log, picked.wanted, grades, read), as_read)
    unranked = {page.what.query_id for page in every} - {page.what.query_id for page in searches}
    left_out = {**made.left_out, **picked.left_out, UNRANKED: len(unranked)}
    return made._replace(left_out=left_out, skew=_skew(ground, made.data, picked.served))


def _is_ranked(page: Impression) -> bool:
    """Whether a model can order such answers. For the others nothing of the log was read, and their
    order is of another kind.
    """
    configuration = page.details.get(CONFIGURATION, DEFAULT)
    return bool(page.query_text.strip()) and is_reranked(configuration)


def _skew(ground: Ground, data: TrainingSet, served: AbstractSet[str]) -> tuple[str, ...]:
    """Whether what was computed again of the newest groups is what they were served with."""
    newest = [group for group in data.groups if group.group_id in served][-COMPARED:]
    if not newest:
        return ()
    catalog, name = ground.collection.catalog, ground.collection.name
    logged = catalog.events.features.of(name, [group.group_id for group in newest])
    again = (
        (group.group_id, FeatureMatrix(data.names, group.document_ids, group.values))
        for group in newest
    )
    return tuple(compared_with_served(features(ground.schema), again, logged.get).lines())


class _Kinds(NamedTuple):
    """Queries by what can be made of them: ``served`` have features that count, ``others`` have
    those of other indexes, and ``imported`` cannot have any.
    """

    served: AbstractSet[str]
    others: AbstractSet[str]
    imported: AbstractSet[str]


def _kinds(ground: Ground, pages: Iterable[Recorded[Impression]]) -> _Kinds:
    shown = {page.what.query_id: page.what for page in pages}
    imported = {name for name, page in shown.items() if page.details.get(IMPORTED)}
    catalog, name = ground.collection.catalog, ground.collection.name
    kept = catalog.events.features.known(name, shown) - imported
    alike = _releases_alike(ground)
    served = {query_id for query_id in kept if shown[query_id].release in alike}
    return _Kinds(served, kept - served, imported)


def _releases_alike(ground: Ground) -> set[int]:
    """Those whose indexes are built as the ones here are, and whose words score as they do here."""
    releases = ground.collection.catalog.releases
    history = releases.history(ground.collection.name, KEPT_RELEASES)
    here = ground.opened.generation
    alike = {
        number
        for number in {release.generation for release in history}
        if (found := releases.generation(number)).embedder == here.embedder
        and found.analysis == here.analysis
    }
    return {
        release.number
        for release in history
        if release.generation in alike and ground.scoring_of(release) == ground.scoring
    }


class _Picked(NamedTuple):
    """What is trained on, those that were ``served`` here, and how many others are not."""

    wanted: Sequence[Wanted]
    served: AbstractSet[str]
    left_out: Mapping[str, int]


def _picked(wanted: Sequence[Wanted], kinds: _Kinds) -> _Picked:
    """Raises InputError where there is too little."""
    count = len(kinds.served)
    allowed = kinds.served if count >= MINIMUM else kinds.served | kinds.imported
    if len(allowed) < MINIMUM:
        raise _too_few_kept(len(wanted), kinds)
    kept = [item for item in wanted if item.asked.query.query_id in allowed]
    others, unused = len(kinds.others), len(kinds.imported - allowed)
    unkept = len(wanted) - len(kept) - others - unused
    left_out = {UNKEPT: unkept, OTHER_INDEXES: others, NOT_NEEDED: unused}
    return _Picked(kept, kinds.served, left_out)


def too_few(count: int) -> InputError:
    """For so many impressions with a choice."""
    return InputError(
        f"{count} impressions with clicks, at least {MINIMUM} are needed",
        hint=f"see {HOWTO} for where they come from; judgments will do, too: "
        "tandem train --judgments FOLDER",
    )


def _too_few_kept(count: int, kinds: _Kinds) -> InputError:
    kept = len(kinds.served)
    others = len(kinds.others)
    told = f", {others} have those of {ANOTHER}" if others else ""
    return InputError(
        f"{kept} of {count} impressions with clicks have their features as they were served{told}; "
        f"{MINIMUM} are needed, {MINIMUM - kept} are lacking",
        hint="raise search.feature_log_share, the share of the searches of which features are kept "
        f"(1 keeps all), and train when people have searched on; see {HOWTO}",
    )
