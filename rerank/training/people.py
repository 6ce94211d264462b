"""Who is one person: somebody before and after they say who they are."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from tandem.behaviour import Who

MOST_USERS = 5
"""What more users than that have in common, as a client or a session, is a machine that they share,
or a program that asks for all of them: it does not make them one person.
"""

_Name = tuple[int, str]
"""An id, behind which kind it is of: users first."""

USER, CLIENT, SESSION = range(3)
_KINDS = "user", "client", "session"


class People:
    """Finds the person behind ids: users, clients and sessions that were seen together are one.

    Queries of one person must not be learned from in one part and prove in another.
    """

    def __init__(self, seen: Iterable[Who] = ()) -> None:
        together = {tuple(_names(who)) for who in seen}
        self._shared = _shared(together)
        chains = [[name for name in names if name not in self._shared] for names in together]
        self._persons = _joined([chain for chain in chains if chain])

    def of(self, who: Who) -> str | None:
        """The person, by the first of all their user ids, else of their clients or sessions;
        ``None`` where there are only ids that too many share, or none.
        """
        for name in _names(who):
            if name not in self._shared:
                kind, own = self._persons.get(name, name)
                return own if kind == USER else f"{_KINDS[kind]} {own}"
        return None


def _names(who: Who) -> Iterator[_Name]:
    for kind, name in ((USER, who.user_id), (CLIENT, who.client_id), (SESSION, who.session_id)):
        if name is not None:
            yield kind, name


def _shared(together: Iterable[Sequence[_Name]]) -> set[_Name]:
    users: dict[_Name, set[str]] = {}
    for names in together:
        for name in names[1:]:
            if names[0][0] == USER:
                users.setdefault(name, set()).add(names[0][1])
    return {name for name, having in users.items() if len(having) > MOST_USERS}


def _joined(chains: Sequence[Sequence[_Name]]) -> dict[_Name, _Name]:
    """Each name -> the first of all that hang together with it."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names = sorted({name for chain in chains for name in chain})
    rows = {name: row for row, name in enumerate(names)}
    pairs = [(rows[one], rows[other]) for chain in chains for one, other in pairwise(chain)]
    links = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    graph = coo_array((np.ones(links.shape[1]), tuple(links)), shape=(len(names), len(names)))
    firsts: dict[Hashable, _Name] = {}
    labels = connected_components(graph, directed=False)[1].tolist() if names else []
    return {name: firsts.setdefault(label, name) for name, label in zip(names, labels, strict=True)}
