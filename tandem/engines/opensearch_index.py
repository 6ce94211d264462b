"""OpenSearch, the lexical engine of a server installation.

The same words, query and scores as tantivy's (``tandem.engines.tantivy_index``): BM25 over one
field that holds all text fields, plus a smaller disjunction max over the fields one by one.
"""

import html
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from zlib import crc32

import orjson

from tandem.documents import Change, Document
from tandem.engines import opensearch_queries as queries
from tandem.engines.opensearch_bulk import BulkWriter, Refused, Write, refusals
from tandem.engines.opensearch_client import Server
from tandem.engines.opensearch_mapping import (
    ALL,
    DOCUMENT_ID,
    DOCUMENT_PARTS,
    SEQUENCE,
    delete_lines,
    engine_id,
    stored_document,
    upsert_lines,
)
from tandem.errors import EngineError, EngineUnavailable, FieldError
from tandem.filters import Filter
from tandem.protocols import Refusal
from tandem.rankings import Ranking
from tandem.schema import Schema, facet_fields
from tandem.suggestions import CANDIDATES, Match, suggested, title_of

LEG = "lexical"
SECONDS = 30.0
"""How long what has no deadline of its own may take."""

IDS_AT_ONCE = 1_000
DOCUMENTS_AT_ONCE = 200
VERSIONS_AT_ONCE = 5_000
PIECE_CHARACTERS = 200
POINT_IN_TIME = "/_search/point_in_time"


class OpenSearchIndex:
    """One generation of a lexical index, behind the alias that names it.

    What is applied becomes searchable at a refresh: within a second, or when ``refresh`` is called.
    Reads other than by an open point in time see the last refresh. A deleted document's version is
    remembered for an hour; an older change that arrives later than that would bring it back.
    """

    def __init__(self, server: Server, alias: str, schema: Schema) -> None:
        self._server = server
        self._alias = alias
        self._schema = schema
        self._bulk = BulkWriter(server, alias)

    def search(
        self, text: str, *, filters: Sequence[Filter] = (), limit: int, timeout_seconds: float
    ) -> Ranking:
        """See ``LexicalIndex``."""
        query = queries.filtered(
            queries.scored(self._text(text, timeout_seconds), self._schema),
            queries.filter_clauses(filters),
        )
        # one more than asked for tells whether equal scores meet the limit
        hits = self._hits(text, queries.hits_body(query, limit + 1), timeout_seconds)
        if len(hits) > limit and hits[limit - 1][1] == hits[limit][1]:
            body = queries.hits_body(query, limit)
            body["sort"] = [{"_score": "desc"}, {DOCUMENT_ID: "asc"}]
            hits = self._hits(text, body, timeout_seconds)
        return Ranking.from_scores(LEG, hits, limit=limit)

    def score(
        self, text: str, document_ids: Collection[str], *, timeout_seconds: float
    ) -> Mapping[str, float]:
        """See ``LexicalIndex``."""
        scores: dict[str, float] = {}
        if not document_ids:
            return scores
        query = queries.scored(self._text(text, timeout_seconds), self._schema)
        for ids in _parts(document_ids, IDS_AT_ONCE):
            body = queries.hits_body(queries.filtered(query, [queries.among(ids)]), len(ids))
            scores.update(self._hits(text, body, timeout_seconds))
        return scores

    def documents(self, document_ids: Collection[str]) -> Mapping[str, Document]:
        """See ``LexicalIndex``."""
        found = map(stored_document, self._sources(document_ids, DOCUMENT_PARTS))
        return {document.document_id: document for document in found}

    def suggest(
        self, prefix: str, *, filters: Sequence[Filter] = (), limit: int, timeout_seconds: float
    ) -> Sequence[str]:
        """See ``LexicalIndex``."""

        def find(asked: Sequence[str], match: Match) -> list[str]:
            body = queries.titles_body(asked, match, filters, CANDIDATES)
            found = self._search(prefix, body, timeout_seconds)["aggregations"]["titles"]
            return [title_of(bucket["key"]) for bucket in found["buckets"]]

        return suggested(find, prefix, limit)

    def highlight(
        self, text: str, document_ids: Collection[str], *, timeout_seconds: float
    ) -> Mapping[str, Mapping[str, str]]:
        """See ``LexicalIndex``."""
        if not document_ids:
            return {}
        words = self._text(text, timeout_seconds)
        # drawn anew each time, so that no document can hold them
        marks = (f"\u2068{secrets.token_hex(8)}\u2069", f"\u2068{secrets.token_hex(8)}\u2069")
        marked: dict[str, Mapping[str, str]] = {}
        for ids in _parts(document_ids, DOCUMENTS_AT_ONCE):
            body = queries.highlight_body(words, ids, marks, PIECE_CHARACTERS)
            answer = self._search(text, body, timeout_seconds)
            for hit in answer["hits"]["hits"]:
                pieces = hit.get("highlight", {})
                if pieces:
                    marked[hit["fields"][DOCUMENT_ID][0]] = {
                        name: _as_html(found[0], marks) for name, found in pieces.items()
                    }
        return marked

    def facets(
        self,
        text: str,
        *,
        filters: Sequence[Filter] = (),
        fields: Sequence[str],
        limit: int = 100,
        timeout_seconds: float,
    ) -> Mapping[str, Mapping[str, int]]:
        """See ``LexicalIndex``."""
        facet_fields(self._schema, fields)
        if not fields:
            return {}
        body = queries.facets_body(self._schema, fields, limit)
        matching = queries.scored(self._text(text, timeout_seconds), self._schema)
        clauses = queries.filter_clauses(filters)
        body["query"] = {"bool": {"filter": [*clauses, *([matching] if text.strip() else [])]}}
        counted = self._search(text, body, timeout_seconds)["aggregations"]
        return {
            name: {
                str(bucket.get("key_as_string", bucket["key"])): bucket["doc_count"]
                for bucket in counted[name]["buckets"]
            }
            for name in fields
        }

    def apply(self, changes: Sequence[Change]) -> Sequence[Refusal]:
        """See ``LexicalIndex``."""
        newest = {
            change.document_id: change for change in sorted(changes, key=lambda item: item.sequence)
        }
        unfit: list[Refusal] = []
        refused = self._bulk.write(self._writes(newest.values(), unfit))
        self._delete([newest[item.write.document_id] for item in refused])
        return [*unfit, *refusals(refused)]

    def refresh(self) -> None:
        """See ``LexicalIndex``."""
        answer = self._server.ask(f"POST /{self._alias}/_refresh", seconds=SECONDS)
        if answer["_shards"]["failed"]:
            raise EngineError(
                f"OpenSearch at {self._server.shown}: a shard of {self._alias} was not refreshed"
            )

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[tuple[str, int]]:
        """See ``LexicalIndex``."""
        page = queries.sequence_page(first, last, VERSIONS_AT_ONCE)
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
                if len(hits) < VERSIONS_AT_ONCE:
                    return
                page["search_after"] = hits[-1]["sort"]
                point = answer.get("pit_id", point)
        finally:
            with suppress(EngineError):  # it ends by itself after two minutes
                self._server.ask(f"DELETE {POINT_IN_TIME}", {"pit_id": [point]}, seconds=SECONDS)

    def versions_of(self, document_ids: Collection[str]) -> Sequence[tuple[str, int]]:
        """See ``LexicalIndex``."""
        sources = self._sources(document_ids, (DOCUMENT_ID, SEQUENCE))
        return [(source[DOCUMENT_ID], source[SEQUENCE]) for source in sources]

    def count(self) -> int:
        """See ``LexicalIndex``."""
        answer = self._server.ask(f"GET /{self._alias}/_count", seconds=SECONDS)
        return int(answer["count"])

    def close(self) -> None:
        """See ``LexicalIndex``; the connections belong to the store."""
        self._bulk.close()

    def _writes(self, changes: Collection[Change], unfit: list[Refusal]) -> Iterator[Write]:
        """The changes as bulk lines; what does not fit is deleted and told in ``unfit``."""
        for change in changes:
            try:
                if change.document is not None:
                    lines = upsert_lines(self._schema, change, change.document)
                else:
                    lines = delete_lines(change)
            except (FieldError, orjson.JSONEncodeError) as error:
                unfit.append(Refusal(change.document_id, str(error)))
                with suppress(orjson.JSONEncodeError):  # such an id was never written
                    yield Write(change.document_id, delete_lines(change))
            else:
                yield Write(change.document_id, lines)

    def _delete(self, changes: Collection[Change]) -> None:
        """Remove the older versions of refused documents: they would be a lie."""
        writes = [Write(change.document_id, delete_lines(change)) for change in changes]
        left: list[Refused] = self._bulk.write(writes) if writes else []
        if left:
            raise EngineError(
                f"OpenSearch at {self._server.shown} refused to delete "
                f"{left[0].write.document_id!r}: {left[0].reason}"
            )

    def _text(self, text: str, seconds: float) -> queries.Text:
        """The text ready to be matched. Of a very long one the rarest words are scored, and all
        are matched.
        """
        cleaned = _clean(text)
        if not queries.is_long(cleaned, self._schema):
            return queries.Text(cleaned)
        answer = self._server.ask(
            f"POST /{self._alias}/_termvectors",
            {
                "doc": {ALL: cleaned},
                "fields": [ALL],
                "term_statistics": True,
                "field_statistics": False,
                "positions": False,
                "offsets": False,
            },
            # always the same shard, so that search and score choose the same words
            params={"routing": "0", "preference": _preference(text)},
            seconds=seconds,
        )
        terms = answer.get("term_vectors", {}).get(ALL, {}).get("terms", {})
        rarest = sorted(terms, key=lambda word: (terms[word].get("doc_freq", 0), word))
        held = [word for word in rarest if terms[word].get("doc_freq")]
        most = queries.scored_words(self._schema)
        return queries.Text(" ".join(held[:most]), is_analysed=True, others=tuple(rarest))

    def _hits(self, text: str, body: dict[str, Any], seconds: float) -> list[tuple[str, float]]:
        found = self._search(text, body, seconds)["hits"]["hits"]
        return [(hit["fields"][DOCUMENT_ID][0], hit["_score"]) for hit in found]

    def _search(self, text: str, body: Mapping[str, Any], seconds: float) -> Any:
        """A whole answer, or an error: nothing is left out because a shard was slow or gone."""
        # The server is told the limit too, so that it does not work on for nobody.
        limited = {**body, "timeout": f"{max(1, int(seconds * 1_000))}ms"}
        params = {**_WHOLE, "preference": _preference(text)}
        answer = self._server.ask(
            f"POST /{self._alias}/_search", limited, params=params, seconds=seconds
        )
        if answer["timed_out"]:
            raise EngineUnavailable(
                f"OpenSearch at {self._server.shown} did not finish a search within {seconds:g} s"
            )
        return answer

    def _sources(self, document_ids: Collection[str], parts: Sequence[str]) -> Iterator[Any]:
        """Those parts of the documents that are there."""
        params = {"realtime": "false", "_source_includes": ",".join(parts)}
        for ids in _parts(document_ids, DOCUMENTS_AT_ONCE):
            answer = self._server.ask(
                f"POST /{self._alias}/_mget",
                {"ids": [engine_id(document_id) for document_id in ids]},
                params=params,
                seconds=SECONDS,
            )
            for item in answer["docs"]:
                if "error" in item:
                    raise EngineError(
                        f"OpenSearch at {self._server.shown} could not read a document of "
                        f"{self._alias}: {item['error'].get('reason')}"
                    )
                if item["found"]:
                    yield item["_source"]


_WHOLE = {
    "allow_partial_search_results": "false",
    # word statistics of all shards, so that scores compare; one shard alone skips it
    "search_type": "dfs_query_then_fetch",
}


def _preference(text: str) -> str:
    """Sends a text to the same copies each time: copies may count deleted documents differently."""
    return f"text-{crc32(text.encode('utf-8', 'replace')):08x}"


def _clean(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON cannot carry."""
    return text.encode("utf-8", "replace").decode()


def _as_html(piece: str, marks: tuple[str, str]) -> str:
    escaped = html.escape(piece)
    return escaped.replace(marks[0], "<mark>").replace(marks[1], "</mark>")


def _parts(ids: Collection[str], size: int) -> Iterator[list[str]]:
    distinct = list(dict.fromkeys(ids))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]
