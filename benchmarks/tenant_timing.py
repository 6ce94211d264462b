"""Whether time tells of another's documents: ``python -m benchmarks.tenant_timing BEIR_FOLDER``.

A key whose filter leaves half of a collection asks in turn for what the other half has and for what
nobody has: documents by id, and words. For each route stands the probability that an answer of the
first kind takes longer than one of the second, from the ranks of all answers (H. B. Mann,
D. R. Whitney, 1947), and its 95 % interval: 0.5 tells nothing, 0 and 1 tell everything. Documents
and their likes are asked for in two sizes, as reading a large one takes longer.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import httpx
import numpy as np

from api.bootstrap import House, open_house
from api.keyring import Keyring
from api.listening import bound_to, listening
from api.owner import Owner
from api.serving import Serving
from api.web import create_web
from benchmarks.common import benchmark_settings, forget, leave_with, parser, show
from indexer.sources.registry import open_source
from indexer.validation import Validator
from tandem.catalog.keys import Wanted
from tandem.documents import Document
from tandem.schema import infer_schema

OWN, OTHER = "own", "other"
LARGE_CHARACTERS = 200_000
POLL_SECONDS = 0.2
SYLLABLES = ("ba", "do", "ki", "lu", "me", "no", "ra", "su", "ti", "vo", "we", "zy")

Ask = Callable[[httpx.Client, str], httpx.Response]
"""Asks a route for a name: of a document, or a word."""


class Route(NamedTuple):
    """What is asked, and for which names: those that the other half has, and those of nobody."""

    ask: Ask
    there: Sequence[str]
    nowhere: Sequence[str]


class Names(NamedTuple):
    """Of documents of the other half in two sizes, and words: what only they hold, and nobody."""

    small: Sequence[str]
    large: Sequence[str]
    words: Sequence[str]
    unknown: Sequence[str]


def invented(count: int, chance: np.random.Generator) -> list[str]:
    """So many different words of one length, which no text has."""
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(chance.choice(SYLLABLES, 5, replace=False))] = None
    return list(found)


def documents(folder: Path, count: int, words: Sequence[str]) -> list[Document]:
    """The first ones of the folder, every second one the other half's, which hold a word each."""
    validator = Validator(infer_schema([]))
    read = (validator.document(record) for record in open_source(str(folder), "beir"))
    texts = islice((item for item in read if isinstance(item, Document)), 2 * count)
    made = []
    for number, document in enumerate(texts):
        place, is_other = number // 2, number % 2
        body = f"{document.body} {words[place]}" if is_other else document.body
        if is_other and place % 2:
            body = (body + " ") * (1 + LARGE_CHARACTERS // len(body))
        half = {"tenant": OTHER if is_other else OWN}
        made.append(Document(f"{half['tenant']}-{place:05}", document.title, body, half))
    return made


@contextmanager
def asked_with_a_filter(folder: Path, count: int, words: Sequence[str]) -> Iterator[httpx.Client]:
    """A server over both halves; the client's key shows one."""
    settings = benchmark_settings("tenant_timing")
    forget(settings.data_dir, embeddings=False)
    with open_house(settings, "a benchmark", follows=True) as opened:
        opened.create_collection(settings.collection, infer_schema([{"tenant": OWN}]))
        owner = Owner(opened)
        owner.start()
        try:
            opened.catalog.documents.append(
                settings.collection, "benchmark", documents(folder, count, words)
            )
            while opened.collection(settings.collection).behind:
                time.sleep(POLL_SECONDS)
            with _client(opened) as client:
                yield client
        finally:
            owner.close()


@contextmanager
def _client(opened: House) -> Iterator[httpx.Client]:
    wanted = Wanted("half", frozenset({"search", "write"}), {"tenant": OWN})
    _, key = opened.catalog.keys.create(wanted)
    with (
        closing(Keyring(opened.catalog.keys, opened.settings.server)) as ring,
        closing(Serving(opened)) as serving,
        listening(
            create_web(serving, recognise=ring.recognise),
            bound_to("127.0.0.1", 0),
            threading.Event(),
        ) as address,
        httpx.Client(
            base_url=address, headers={"authorization": f"Bearer {key}"}, timeout=60
        ) as client,
    ):
        yield client


def _read(client: httpx.Client, name: str) -> httpx.Response:
    return client.get(f"/v1/documents/{name}")


def _similar(client: httpx.Client, name: str) -> httpx.Response:
    return client.get(f"/v1/documents/{name}/similar")


def _patch(client: httpx.Client, name: str) -> httpx.Response:
    return client.patch(f"/v1/documents/{name}", json={"title": "mine"})


def _delete(client: httpx.Client, name: str) -> httpx.Response:
    return client.delete(f"/v1/documents/{name}")


def _click(client: httpx.Client, name: str) -> httpx.Response:
    target = {"object": {"object_id": name}}
    moment = "2026-11-21T09:30:00Z"
    body = {"action_name": "click", "timestamp": moment, "event_attributes": target}
    return client.post("/v1/events", json=body)


def _search(client: httpx.Client, name: str) -> httpx.Response:
    return client.get("/v1/search", params={"q": name, "configuration": "lexical"})


def _suggest(client: httpx.Client, name: str) -> httpx.Response:
    return client.get("/v1/suggest", params={"q": name})


BY_ID: Mapping[str, Ask] = {
    "read": _read,
    "similar": _similar,
    "patch": _patch,
    "delete": _delete,
    "click": _click,
}
BY_WORD: Mapping[str, Ask] = {"search": _search, "suggest": _suggest}


def routes(names: Names) -> Iterator[tuple[str, Route]]:
    """Each route, and what it is asked for."""
    absent = [f"{OTHER}-9{number:04}" for number in range(len(names.small))]
    for name, ask in BY_ID.items():
        yield f"{name}, small", Route(ask, names.small, absent)
        yield f"{name}, large", Route(ask, names.large, absent)
    for name, ask in BY_WORD.items():
        yield name, Route(ask, names.words, names.unknown)


def measured(
    client: httpx.Client, route: Route, times: int, chance: np.random.Generator
) -> Mapping[str, Any]:
    """Both kinds in turn, either one first by lot."""
    took: tuple[list[float], list[float]] = ([], [])
    told: tuple[set[int], set[int]] = (set(), set())
    for number in range(times):
        for kind in chance.permutation(2).tolist():
            names = (route.there, route.nowhere)[kind]
            begun = time.perf_counter()
            reply = route.ask(client, names[number % len(names)])
            took[kind].append(time.perf_counter() - begun)
            told[kind].add(reply.status_code)
    assert told[0] == told[1], f"the status alone tells: {told}"
    there, nowhere = took
    low, middle, high = later(there, nowhere)
    return {
        "longer": round(middle, 3),
        "low": round(low, 3),
        "high": round(high, 3),
        "median_ms": [round(1_000 * median(one), 3) for one in took],
    }


def later(there: Sequence[float], nowhere: Sequence[float]) -> tuple[float, float, float]:
    """The probability that one of the first exceeds one of the second, within its 95 % interval by
    the standard error where both are alike.
    """
    first, second = np.sort(there), np.sort(nowhere)
    below = np.searchsorted(second, first, "left") + np.searchsorted(second, first, "right")
    share = float(below.mean() / 2 / len(second))
    error = ((len(first) + len(second) + 1) / (12 * len(first) * len(second))) ** 0.5
    return share - 1.96 * error, share, share + 1.96 * error


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folder", type=Path, metavar="BEIR_FOLDER")
    arguments.add_argument("--documents", type=int, default=200, help="of each half")
    arguments.add_argument("--times", type=int, default=1_000, help="of each kind and route")
    chosen = arguments.parse_args()
    chance = np.random.default_rng(0)
    words = invented(2 * chosen.documents, chance)
    held, unknown = words[: chosen.documents], words[chosen.documents :]
    names = [f"{OTHER}-{number:05}" for number in range(chosen.documents)]
    asked = Names(names[::2], names[1::2], held, unknown)
    with asked_with_a_filter(chosen.folder, chosen.documents, held) as client:
        figures = {
            name: measured(client, route, chosen.times, chance) for name, route in routes(asked)
        }
    show(figures, as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
