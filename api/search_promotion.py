"""A tuned search goes live: examined, then the pointer moves to a release that has it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from api.aftermath import afterwards
from api.examination import OwnQualityGate
from api.model_fitness import check_scores, opened_model
from api.model_promotion import Promotion
from api.owner import Owner
from api.promotion import judgments
from api.tuned import lexical_scoring, with_search
from indexer.reindexing import overruled
from tandem.catalog.models import StoredModel
from tandem.catalog.releases import NO_SEARCH, Generation
from tandem.errors import GateFailed
from tandem.protocols import Verdict
from tandem.scoring import LexicalScoring
from tandem.sections import SearchSettings

SEARCH_GATES = ("quality",)
"""What a search must pass, by the names by which they are overridden."""


def promote_search(
    owner: Owner, name: str, search: Mapping[str, Any], overridden: Sequence[str] = ()
) -> Promotion:
    """Make a release of the live generation and model that has those settings of ``[search]`` of
    its own; none for an empty ``search``. What is live already stays so.

    Raises:
        FieldError: it weighs what is no text field of the collection.
        GateFailed: the live model knows other lexical scores, or it finds worse than the settings
            that are live; nothing went live.
        ReleaseConflict: something else went live meanwhile.
    """
    catalog, collection = owner.house.catalog, owner.house.collection(name)
    collection.refresh()
    live = collection.release
    text = orjson.dumps(search, option=orjson.OPT_SORT_KEYS).decode()
    wanted = replace(live, search=None if text == NO_SEARCH else text)
    if wanted == live:
        return Promotion(live)
    generation, scoring = collection.generation, collection.searching.scoring_of(wanted)
    lexical_scoring(with_search(SearchSettings(), search)).check(generation.schema.text_fields)
    verdicts: list[Verdict] = []
    if live.model is not None and scoring != collection.searching.scoring_of(live):
        _check_model(catalog.models.get(live.model, name), generation, scoring)
    judged = judgments(collection.settings.quality)
    if judged is not None:
        gate = OwnQualityGate(
            collection, collection.live, wanted, judged, lambda: owner.is_stopping
        )
        verdicts.append(gate.examine())
    chosen = overruled(verdicts, overridden, "the search", "tandem promote --search FILE")
    release = catalog.releases.promote(
        name, live.generation, parent=live.number, model=live.model, search=text
    )
    afterwards(release, owner.stop, collection.refresh)
    return Promotion(release, verdicts, chosen)


def _check_model(stored: StoredModel, generation: Generation, scoring: LexicalScoring) -> None:
    """The live model has to go on with the scores that it knows; nobody overrides that."""
    verdict = check_scores(opened_model(stored).manifest, generation, scoring)
    if not verdict.is_passed:
        raise GateFailed(
            f"model {stored.number}, which is live, does not fit the search: {verdict.detail}",
            hint="search without it first (tandem promote --no-model), promote the search, and "
            "train anew",
        )
