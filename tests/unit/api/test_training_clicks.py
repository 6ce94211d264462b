"""Groups out of clicks, over real indexes: only of what was served as it would be again."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from api.bootstrap import House
from api.training_clicks import (
    NOT_NEEDED,
    OTHER_INDEXES,
    RECOMPUTED,
    UNKEPT,
    UNRANKED,
    from_clicks,
)
from api.training_data import MINIMUM, Ground
from indexer.indexing import catch_up
from rerank.signals.registry import features
from rerank.training.clicks import NO_LABEL, Worth
from tandem.errors import InputError
from tandem.events import IMPORTED, Event, Exposure, Impression
from tandem.features import FeatureMatrix
from tests.owned_house import NAME

AT = datetime(2026, 11, 1, tzinfo=UTC)
SHOWN = ("d1", "d2", "d3")


@pytest.fixture
def ground(house: House) -> Iterator[Ground]:
    """The twenty documents, indexed."""
    collection = house.collection(NAME)
    catch_up(collection.live.followers)
    with collection.held() as (release, opened):
        yield Ground(collection, release, opened, lambda *_: None)


def shown(number: int, surface: Any = "search") -> Impression:
    """Three documents, to a user who asked a minute after the one before."""
    moment = AT + timedelta(minutes=number)
    exposures = tuple(Exposure(name, place) for place, name in enumerate(SHOWN, start=1))
    return Impression(
        f"q{number}", moment, 1, f"word{number}", surface, f"u{number % 7}", exposures=exposures
    )


def behave(house: House, pages: Iterable[Impression]) -> None:
    """Each page, with a click on the second document."""
    log, shown_pages = house.catalog.events, list(pages)
    log.append_impressions(NAME, "t", shown_pages)
    clicks = [
        Event(f"e {page.query_id}", "click", AT, "d2", page.user_id, query_id=page.query_id)
        for page in shown_pages
    ]
    log.append(NAME, "t", clicks)


def keep(house: House, ground: Ground, numbers: Iterable[int], value: float = 0.25) -> str:
    """One feature of these searches, as if they had been served with it. Its name."""
    name = next(item.name for item in features(ground.schema) if item.signal.is_logged)
    logged = FeatureMatrix((name,), SHOWN, np.full((3, 1), value, dtype=np.float32))
    house.catalog.events.features.keep(NAME, [(f"q{number}", logged) for number in numbers])
    return name


def test_groups_of_what_was_chosen(house: House, ground: Ground) -> None:
    """With the features that were served. One without them is no group, nor what was similar."""
    behave(house, [shown(number) for number in range(MINIMUM + 9)])
    behave(house, [shown(99, "similar")])
    house.catalog.events.append_impressions(NAME, "t", [shown(98)])
    name = keep(house, ground, [*range(MINIMUM), 98, 99])
    found = from_clicks(ground, Worth())
    groups = {group.group_id: group for group in found.data.groups}
    assert groups.keys() == {f"q{number}" for number in range(MINIMUM)}
    assert {group.origin for group in groups.values()} == {"impressions"}
    group = groups["q3"]
    assert group.grades.tolist() == [0, 1, 0]
    assert group.positions is not None
    assert group.positions.tolist() == [1, 2, 3]
    assert group.user_id == "u3"
    assert found.data.names == ground.names
    assert group.values[:, ground.names.index(name)].tolist() == [0.25] * 3
    assert (found.left_out[UNKEPT], found.left_out[NO_LABEL]) == (9, 0)


@pytest.mark.parametrize(
    "said",
    [
        {"details": {"configuration": "lexical"}},
        {"query_text": " ", "details": {"configuration": "hybrid"}},
        {"query_text": "", "details": {IMPORTED: True}},
    ],
)
def test_orders_that_no_model_makes(house: House, ground: Ground, said: dict[str, Any]) -> None:
    """Searches that read nothing of the log, and browsing: neither learned from nor counted as
    what a larger share of features would bring.
    """
    behave(house, [shown(number) for number in range(MINIMUM)])
    behave(house, [replace(shown(number), **said) for number in range(100, 109)])
    keep(house, ground, [*range(MINIMUM), *range(100, 109)])
    found = from_clicks(ground, Worth())
    assert len(found.data) == MINIMUM
    assert (found.left_out[UNRANKED], found.left_out[UNKEPT]) == (9, 0)


def test_who_logs_in_stays_one_person(house: House, ground: Ground) -> None:
    """What was asked from the same browser before belongs to them."""
    behave(house, [shown(number) for number in range(MINIMUM)])
    users = zip([shown(200), shown(201)], (None, "u0"), strict=True)
    behave(house, [replace(page, user_id=user, client_id="phone") for page, user in users])
    keep(house, ground, [*range(MINIMUM), 200, 201])
    found = from_clicks(ground, Worth()).data
    people = {group.group_id: group.user_id for group in found.groups}
    assert (people["q200"], people["q201"]) == ("u0", "u0")


def test_too_few_choices(house: House, ground: Ground) -> None:
    """Before anything is computed; an empty log is not even made."""
    with pytest.raises(InputError, match="0 impressions with clicks, at least 50 are") as raised:
        from_clicks(ground, Worth())
    assert "docs/howto/train-and-promote.md" in raised.value.hint
    assert not house.catalog.has_events()
    behave(house, [shown(number) for number in range(MINIMUM - 1)])
    with pytest.raises(InputError, match="49 impressions with clicks"):
        from_clicks(ground, Worth())


def test_too_few_features(house: House, ground: Ground) -> None:
    """It says how many are lacking, and which setting keeps more."""
    behave(house, [shown(number) for number in range(MINIMUM + 20)])
    keep(house, ground, range(MINIMUM - 3))
    with pytest.raises(InputError, match=r"47 of 70 .*50 are needed, 3 are lacking") as it:
        from_clicks(ground, Worth())
    assert "search.feature_log_share" in it.value.hint


def imported(number: int) -> Impression:
    """What another engine showed."""
    return replace(shown(number), details={IMPORTED: True})


def test_what_was_imported_stands_in(house: House, ground: Ground) -> None:
    """With the features of today, and that is said; but not where enough was served here."""
    behave(house, [imported(number) for number in range(MINIMUM)])
    behave(house, [shown(number) for number in range(100, 100 + MINIMUM)])
    keep(house, ground, range(100, 110))
    found = from_clicks(ground, Worth())
    origins = {group.group_id: group.origin for group in found.data.groups}
    assert {name for name, origin in origins.items() if origin == RECOMPUTED} == {
        f"q{number}" for number in range(MINIMUM)
    }
    assert len(origins) == MINIMUM + 10
    assert found.left_out[UNKEPT] == MINIMUM - 10
    keep(house, ground, range(110, 100 + MINIMUM))
    found = from_clicks(ground, Worth())
    assert {group.origin for group in found.data.groups} == {"impressions"}
    assert found.left_out[NOT_NEEDED] == MINIMUM


def test_scores_of_another_embedder_are_not_learned_from(house: House, ground: Ground) -> None:
    """What a release over other indexes served lies elsewhere."""
    releases = house.catalog.releases
    here = ground.opened.generation
    other = releases.create_generation(
        NAME,
        here.schema,
        analysis=here.analysis,
        embedder="other@1",
        dimension=here.dimension,
        passage_tokens=here.passage_tokens,
    )
    before = releases.promote(NAME, other.number, parent=1)
    behave(house, [replace(shown(number), release=before.number) for number in range(9)])
    behave(house, [shown(number) for number in range(9, 9 + MINIMUM)])
    keep(house, ground, range(9 + MINIMUM))
    found = from_clicks(ground, Worth())
    assert len(found.data) == MINIMUM
    assert found.left_out[OTHER_INDEXES] == 9


def test_scores_of_another_scoring_are_not_learned_from(house: House, ground: Ground) -> None:
    """A release may score words by itself; what its searches served is of its own kind."""
    releases = house.catalog.releases
    same = releases.promote(
        NAME, 1, parent=1, search='{"lexical":{"share":0.9,"weights":{"gone":2}}}'
    )
    other = releases.promote(NAME, 1, parent=same.number, search='{"lexical":{"phrase":0.5}}')
    behave(house, [replace(shown(number), release=other.number) for number in range(9)])
    end = 9 + MINIMUM
    behave(house, [replace(shown(number), release=same.number) for number in range(9, end)])
    keep(house, ground, range(end))
    found = from_clicks(ground, Worth())
    assert len(found.data) == MINIMUM
    assert found.left_out[OTHER_INDEXES] == 9
    with pytest.raises(InputError, match=r"50 have those of another .* scoring of words"):
        from_clicks(replace(ground, release=other), Worth())


def test_what_was_served_is_compared(house: House, ground: Ground) -> None:
    """What is computed again out of events must be what was kept; a difference is named."""
    behave(house, [shown(number) for number in range(MINIMUM)])
    keep(house, ground, range(1, MINIMUM))
    log = house.catalog.events.features
    log.keep(NAME, [("q0", FeatureMatrix(("chosen",), SHOWN, np.zeros((3, 1), np.float32)))])
    first, others = from_clicks(ground, Worth()).skew
    assert first == "150 documents of 50 queries: 1 features as they were served"
    assert "read tables" in others
    behave(house, [shown(60)])
    log.keep(NAME, [("q60", FeatureMatrix(("chosen",), SHOWN, np.ones((3, 1), np.float32)))])
    first, _, named = from_clicks(ground, Worth()).skew
    assert first == "153 documents of 51 queries: 3 values are not as they were served"
    assert named == "  chosen: 3 of 6, by up to 1, first d1 of query q60"
