"""What holds for the parameters of every route."""

from collections import Counter

from fastapi import Request
from fastapi.routing import APIRoute

from api.http_errors import BadParameter
from api.near_miss import near_miss


async def refuse_unknown(request: Request) -> None:
    """Refuse what the route does not know, and what is given twice: it would be ignored. It needs
    no thread, so that health does not either.

    Raises:
        BadParameter: it names the parameter.
    """
    route = request.scope["route"]
    assert isinstance(route, APIRoute)
    known = {parameter.alias for parameter in route.dependant.query_params}
    given = Counter(name for name, _ in request.query_params.multi_items())
    for name, count in given.items():
        if name not in known:
            raise BadParameter(name, "there is no such parameter", hint=near_miss(name, known))
        if count > 1:
            raise BadParameter(name, f"is given {count} times, expected once")
