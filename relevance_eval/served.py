"""A server of Tandem as what is evaluated: asked politely, and by one release only."""

from tandem.client import Client, ServerFailed, ServerUnavailable
from tandem.errors import ReleaseConflict, SearchUnavailable
from tandem.queries import Query
from tandem.rankings import SearchResult

RETRIES = 4
"""How often a client for this should ask again where a server is busy or out of reach: for some
eight seconds.
"""


class ServedSearcher:
    """A ``Searcher``: one configuration of a server, from which nothing becomes an impression.

    An answer of another release than ``release`` is refused: half a run of each would measure
    neither.
    """

    def __init__(self, client: Client, configuration: str, release: int) -> None:
        self._client = client
        self._configuration = configuration
        self._release = release

    def search(self, query: Query) -> SearchResult:
        """See ``Searcher``.

        Raises:
            ReleaseConflict: another release went live amid the run.
            SearchUnavailable: the server did not answer, as patiently as the client asks.
        """
        try:
            result = self._client.search(
                query, configuration=self._configuration, fields=(), record=False
            )
        except (ServerFailed, ServerUnavailable) as error:
            raise SearchUnavailable(str(error), hint=error.hint) from error
        if result.release != self._release:
            raise ReleaseConflict(
                f"release {result.release} answers by now, the run was begun with release "
                f"{self._release}",
                hint="begin the run again with --anew, while no release changes",
            )
        return result
