"""Scenes as people make them, out of the rows of a log."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from rerank.behaviour import Behaviour, Past
from rerank.facts import Facts
from rerank.person import DEEDS_READ
from rerank.scene import Scene
from rerank.scenes import Asked, people_of
from rerank.tables import Tables
from tandem.behaviour import Deed, Rows, Shown, Who
from tandem.queries import Query
from tandem.rankings import Hit, Ranking
from tandem.schema import Schema
from tests.behaviour_log import NOW, MemoryBehaviour


def ranked(document_ids: Sequence[str]) -> Ranking:
    """Candidates in that order."""
    hits = [Hit(name, rank, 1 / rank) for rank, name in enumerate(document_ids, start=1)]
    return Ranking("rrf", tuple(hits))


def query_of(who: Who, query_id: str = "q", seconds: float = NOW) -> Query:
    """Asked by somebody."""
    return Query(
        "x",
        query_id,
        user_id=who.user_id,
        client_id=who.client_id,
        session_id=who.session_id,
        issued_at=datetime.fromtimestamp(seconds, UTC),
    )


def scene_after(
    rows: Sequence[Deed | Shown],
    document_ids: Sequence[str],
    who: Who | None = None,
    *,
    schema: Schema | None = None,
    facts: Mapping[str, Facts] | None = None,
) -> Scene:
    """What somebody's query sees after all of these rows, at ``NOW``; without ``who`` nobody's."""
    end = rows[-1].sequence if rows else 0
    behaviour = Behaviour()
    behaviour.take(Rows(tuple(rows), end))
    asked = Asked(query_of(who or Who()), schema or Schema(), ranked(document_ids))
    if who is None:
        scene = people_of(asked, behaviour.of(document_ids, NOW), None, Tables())
    else:
        deeds = MemoryBehaviour(rows).deeds_of(who, as_of=end, limit=DEEDS_READ)
        both = behaviour.beside(Past(who, deeds, end), document_ids, NOW)
        assert both is not None
        scene = people_of(asked, *both, Tables())
    return replace(scene, facts=facts or {})
