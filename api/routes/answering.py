"""What every list of hits is answered by: its time, the search, the reply, the impression."""

import time
from collections.abc import Collection
from dataclasses import replace

from fastapi import Request

from api.access import caller_of
from api.answers import OWN, answer
from api.http_errors import BadParameter, Json
from api.serving import Serving
from api.wire_asked import Asked
from tandem.errors import TandemError
from tandem.queries import Query
from tandem.rankings import Degradation
from tandem.schema import Schema


class Overloaded(TandemError):
    """A query's time was over before its turn came, or too many wait already."""

    code = "overloaded"


def answered(
    serving: Serving,
    asked: Asked,
    query: Query,
    request: Request,
    lacking: tuple[Degradation, ...] = (),
) -> Json:
    """Answer one query. ``lacking`` is what is known to be missing before. What it says is refused
    is checked by what was given, not by what is left of its time. What another site's page has a
    browser ask is shown to nobody, so not recorded.
    """
    collection = serving.collection()
    _check_fields(asked.fields, collection.generation.schema)
    searcher = collection.searcher(asked.configuration)
    query = replace(query, forced=caller_of(request).filter or {})
    searcher.check(query)
    left = left_ms(time_of(serving, asked, query), request.state.arrived_seconds)
    is_recorded = asked.record and not request.state.is_foreign
    logged = is_recorded and serving.keeps_features(query)
    result = searcher.search(replace(query, budget_ms=left, wants_features=logged))
    told = replace(result, degraded=result.degraded + lacking + serving.degraded())
    request.state.result = told
    reply = Json(answer(told, explain=asked.explain, fields=asked.fields))
    if is_recorded:
        serving.record(result)
    return reply


def time_of(serving: Serving, asked: Asked, query: Query) -> float:
    """The query's time in milliseconds: its own, or what its configuration says.

    Raises:
        QueryError: there is no such configuration.
        CollectionNotFound, SearchUnavailable: there is no collection, or not yet.
    """
    return query.budget_ms or serving.collection().configuration(asked.configuration).budget_ms


def left_ms(budget_ms: float, arrived_seconds: float) -> float:
    """What is left of a query's time, which began when it arrived.

    Raises:
        Overloaded: nothing.
    """
    waited_ms = 1_000 * (time.monotonic() - arrived_seconds)
    if waited_ms >= budget_ms:
        raise Overloaded(
            f"the query has waited {waited_ms:,.0f} ms for its turn, longer than its time of "
            f"{budget_ms:,.0f} ms",
            hint="ask again later, or less at a time",
        )
    return budget_ms - waited_ms


def _check_fields(fields: Collection[str] | None, schema: Schema) -> None:
    """An open schema's documents may have attributes that it does not know."""
    for name in fields or ():
        if name not in OWN and name not in schema.by_name and not schema.open:
            hint = schema.near_miss(name)
            raise BadParameter("fields", f"there is no field {name!r}", hint=hint)
