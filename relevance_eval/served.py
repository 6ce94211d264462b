"""A server of Tandem as what is evaluated: asked politely, and by one release only."""

import time
from collections.abc import Callable, Sequence

from tandem.client import Client, Refused, ServerFailed, ServerUnavailable
from tandem.errors import ReleaseConflict, SearchUnavailable, TandemError
from tandem.queries import Query
from tandem.rankings import SearchResult

PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds before each further try."""

PASSING = frozenset({"overloaded", "rate_limited", "not_ready"})
"""Codes of a server that has too much to do just now, and asks for patience."""


class ServedSearcher:
    """A ``Searcher``: one configuration of a server, from which nothing becomes an impression.

    Where the server is busy or out of reach, it is asked again after each of the ``pauses``, in
    seconds. An answer of another release than ``release`` is refused: half a run of each would
    measure neither.
    """

    def __init__(
        self,
        client: Client,
        configuration: str,
        release: int,
        *,
        pauses: Sequence[float] = PAUSES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._configuration = configuration
        self._release = release
        self._pauses = pauses
        self._sleep = sleep

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``.

        Raises:
            ReleaseConflict: another release went live amid the run.
            SearchUnavailable: the server did not answer, patiently asked.
        """
        try:
            return self._patiently(query)
        except TandemError as error:
            if isinstance(error, ServerFailed) or _is_passing(error):
                raise SearchUnavailable(str(error), hint=error.hint) from error
            raise

    def _patiently(self, query: Query) -> SearchResult:
        for pause in self._pauses:
            try:
                return self._asked(query)
            except TandemError as error:
                if not _is_passing(error):
                    raise
                self._sleep(pause)
        return self._asked(query)

    def _asked(self, query: Query) -> SearchResult:
        result = self._client.search(
            query, configuration=self._configuration, fields=(), record=False
        )
        if result.release != self._release:
            raise ReleaseConflict(
                f"release {result.release} answers by now, the run was begun with release "
                f"{self._release}",
                hint="begin the run again with --anew, while no release changes",
            )
        return result


def _is_passing(error: TandemError) -> bool:
    if isinstance(error, ServerFailed | Refused):
        return error.told in PASSING
    return isinstance(error, ServerUnavailable | SearchUnavailable)
