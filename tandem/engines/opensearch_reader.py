"""Asking one OpenSearch index: the requests themselves, and what is said when they fail."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any
from zlib import crc32

from tandem.engines import opensearch_queries as queries
from tandem.engines.neighbours import Pair
from tandem.engines.opensearch_client import Server, root_cause
from tandem.engines.opensearch_mapping import ALL, DOCUMENT_ID, engine_id
from tandem.errors import EngineError, EngineUnavailable
from tandem.schema import Schema

SECONDS = 30.0
"""How long what has no deadline of its own may take."""

DOCUMENTS_AT_ONCE = 200
NO_PAIRS: Mapping[str, Sequence[Pair]] = MappingProxyType({})
POINT_IN_TIME = "/_search/point_in_time"
_WHOLE = {
    "allow_partial_search_results": "false",
    # word statistics of all shards, so that scores compare; one shard alone skips it
    "search_type": "dfs_query_then_fetch",
}


class Deadline:
    """How long an answer may take in all, however many requests it needs."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, never quite none: a request without a moment fails like any that is late."""
        return max(0.001, self._end - time.monotonic())


class Reader:
    """Reads one index behind its alias. Thread-safe."""

    def __init__(self, server: Server, alias: str, schema: Schema) -> None:
        self._server = server
        self._alias = alias
        self._schema = schema

    def wordings(
        self, texts: Iterable[str], limit: Deadline, pairs: Mapping[str, Sequence[Pair]] = NO_PAIRS
    ) -> queries.Wordings:
        """The texts ready to be matched, each once, with its ``pairs``. Together they score no more
        words than one alone may: short ones take what they need, long ones share what is left. Of a
        long one the rarest words are scored, and all are matched.
        """
        most = queries.scored_words(self._schema, sum(map(len, pairs.values())))
        shares = queries.shares(map(cleaned, texts), most)
        long = {text: share for text, share in shares.items() if share < queries.count_words(text)}
        ready = [
            queries.Text(text, pairs=pairs.get(text, ())) for text in shares if text not in long
        ]
        others: dict[str, None] = {}
        found = self._frequencies(list(long), limit)
        for frequencies, (text, share) in zip(found, long.items(), strict=True):
            others |= dict.fromkeys(frequencies)
            if rarest := _rarest(frequencies, share):
                ready.append(queries.Text(rarest, is_analysed=True, pairs=pairs.get(text, ())))
        return queries.Wordings(ready, list(others))

    def _frequencies(self, texts: Sequence[str], limit: Deadline) -> Iterator[dict[str, int]]:
        """Each text's words, and how many documents about hold them: those of one shard, the
        deleted ones included.
        """
        if not texts:
            return
        wanted = {"term_statistics": True, "field_statistics": False, "positions": False}
        # always the same shard, so that search and score choose the same words
        same = {"fields": [ALL], "offsets": False, "routing": "0", **wanted}
        answer = self._server.ask(
            f"POST /{self._alias}/_mtermvectors",
            {"docs": [{"doc": {ALL: text}, **same} for text in texts]},
            params={"preference": _preference(texts[0])},
            seconds=limit.left,
        )
        for item in answer["docs"]:
            if "error" in item:
                raise EngineError(
                    f"OpenSearch at {self._server.shown} could not tell how frequent words are in "
                    f"{self._alias}: {root_cause(item)}"
                )
            terms = item.get("term_vectors", {}).get(ALL, {}).get("terms", {})
            yield {word: told.get("doc_freq", 0) for word, told in terms.items()}

    def hits(self, text: str, body: dict[str, Any], limit: Deadline) -> list[tuple[str, float]]:
        """(document_id, score) of what a search for ids finds."""
        found = self.search(text, body, limit)["hits"]["hits"]
        return [(hit["fields"][DOCUMENT_ID][0], hit["_score"]) for hit in found]

    def search(self, text: str, body: Mapping[str, Any], limit: Deadline) -> Any:
        """A whole answer, or an error: nothing is left out because a shard was slow or gone."""
        # The server is told the limit too, so that it does not work on for nobody.
        seconds = limit.left
        limited = {**body, "timeout": f"{max(1, int(seconds * 1_000))}ms"}
        params = {**_WHOLE, "preference": _preference(text)}
        answer = self._server.ask(
            f"POST /{self._alias}/_search", limited, params=params, seconds=seconds
        )
        if answer["timed_out"]:
            raise EngineUnavailable(
                f"OpenSearch at {self._server.shown} did not finish a search within "
                f"{limit.seconds:.2g} s"
            )
        return answer

    def sources(
        self, document_ids: Collection[str], names: Sequence[str], limit: Deadline
    ) -> Iterator[Any]:
        """Those parts of the documents' sources, as far as the documents are there."""
        params = {"realtime": "false", "_source_includes": ",".join(names)}
        for ids in parts(document_ids, DOCUMENTS_AT_ONCE):
            answer = self._server.ask(
                f"POST /{self._alias}/_mget",
                {"ids": [engine_id(document_id) for document_id in ids]},
                params=params,
                seconds=limit.left,
            )
            for item in answer["docs"]:
                if "error" in item:
                    raise EngineError(
                        f"OpenSearch at {self._server.shown} could not read a document of "
                        f"{self._alias}: {item['error'].get('reason')}"
                    )
                if item["found"]:
                    yield item["_source"]

    def versions(self, first: int, last: int | None, at_once: int) -> Iterator[tuple[str, int]]:
        """(document_id, sequence) of what is held in a range of sequences, read in pages from one
        point in time, which is closed however the reading ends.
        """
        page = queries.sequence_page(first, last, at_once)
        opened = self._server.ask(
            f"POST /{self._alias}{POINT_IN_TIME}", params={"keep_alive": "2m"}, seconds=SECONDS
        )
        point = opened["pit_id"]
        try:
            while True:
                page["pit"] = {"id": point, "keep_alive": "2m"}
                answer = self._server.ask("POST /_search", page, params=_WHOLE, seconds=SECONDS)
                hits = answer["hits"]["hits"]
                for hit in hits:
                    yield hit["fields"][DOCUMENT_ID][0], hit["sort"][0]
                if len(hits) < at_once:
                    return
                page["search_after"] = hits[-1]["sort"]
                point = answer.get("pit_id", point)
        finally:
            with suppress(EngineError):  # it ends by itself after two minutes
                self._server.ask(f"DELETE {POINT_IN_TIME}", {"pit_id": [point]}, seconds=SECONDS)


def _rarest(frequencies: Mapping[str, int], most: int) -> str:
    """The ``most`` rarest words, of those that there are."""
    held = [word for word, documents in frequencies.items() if documents]
    return " ".join(sorted(held, key=lambda word: (frequencies[word], word))[:most])


def _preference(text: str) -> str:
    """Sends a text to the same copies each time: copies may count deleted documents differently."""
    return f"text-{crc32(text.encode('utf-8', 'replace')):08x}"


def cleaned(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON cannot carry."""
    return text.encode("utf-8", "replace").decode()


def parts(ids: Collection[str], size: int) -> Iterator[list[str]]:
    """The ids, each once, so many at a time."""
    distinct = list(dict.fromkeys(ids))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]
