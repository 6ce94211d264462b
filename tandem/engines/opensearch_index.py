"""OpenSearch, the lexical engine of a server installation.

The same words and the same query as tantivy's (``tandem.scoring``), but for one thing: the farther
apart the words of a pair are, the less their nearness counts here. In tantivy it counts whole.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import orjson

from tandem.analysis import Analysis
from tandem.documents import Change, Document
from tandem.engines import opensearch_lists as lists
from tandem.engines import opensearch_queries as queries
from tandem.engines.neighbours import neighbours
from tandem.engines.opensearch_bulk import BulkWriter, Refused, Write, refusals
from tandem.engines.opensearch_client import Server
from tandem.engines.opensearch_forgetting import forget
from tandem.engines.opensearch_mapping import (
    DOCUMENT_ID,
    DOCUMENT_PARTS,
    SEQUENCE,
    delete_lines,
    stored_document,
    upsert_lines,
)
from tandem.engines.opensearch_reader import SECONDS, Deadline, Reader, cleaned, parts
from tandem.engines.opensearch_vocabulary import Vocabulary
from tandem.engines.tantivy_highlights import highlights
from tandem.engines.tantivy_mapping import build_analyzer
from tandem.engines.tantivy_tokens import WordReader
from tandem.errors import EngineError, FieldError
from tandem.filters import Filter
from tandem.lexical import Matching, Place, Tally, TextWord
from tandem.protocols import Refusal
from tandem.queries import Sort
from tandem.rankings import Ranking
from tandem.schema import Schema, facet_fields, sort_field
from tandem.scoring import DEFAULT, LexicalScoring
from tandem.suggestions import Match, suggested, title_of

LEG = "lexical"
IDS_AT_ONCE = 1_000
VERSIONS_AT_ONCE = 5_000


class OpenSearchIndex:
    """One generation of a lexical index, behind the alias that names it.

    What is applied becomes searchable at a refresh: within a second, or when ``refresh`` is called.
    Reads other than by an open point in time see the last refresh. A deleted document's version is
    remembered for an hour; an older change that arrives later than that would bring it back.
    """

    def __init__(self, server: Server, alias: str, schema: Schema, analysis: Analysis) -> None:
        self._server = server
        self._alias = alias
        self._schema = schema
        # Highlights are made here, as tantivy's are: a server takes a second for a megabyte.
        self._analyzer = build_analyzer(analysis)
        self._reader = Reader(server, alias, schema)
        self._words = WordReader(self._analyzer)
        self._vocabulary = Vocabulary(self._reader, schema, self._words)
        self._bulk = BulkWriter(server, alias)

    def search(
        self,
        text: str,
        *,
        variants: Sequence[str] = (),
        filters: Sequence[Filter] = (),
        scoring: LexicalScoring = DEFAULT,
        limit: int,
        timeout_seconds: float,
    ) -> Ranking:
        """See ``LexicalIndex``."""
        deadline = Deadline(timeout_seconds)
        query = queries.filtered(
            self._scored((text, *variants), scoring, deadline), queries.filter_clauses(filters)
        )
        # one more than asked for tells whether equal scores meet the limit
        hits = self._reader.hits(text, queries.hits_body(query, limit + 1), deadline)
        if len(hits) > limit and hits[limit - 1][1] == hits[limit][1]:
            body = queries.hits_body(query, limit)
            body["sort"] = [{"_score": "desc"}, {DOCUMENT_ID: "asc"}]
            hits = self._reader.hits(text, body, deadline)
        return Ranking.from_scores(LEG, hits, limit=limit)

    def score(
        self,
        text: str,
        document_ids: Collection[str],
        *,
        variants: Sequence[str] = (),
        scoring: LexicalScoring = DEFAULT,
        timeout_seconds: float,
    ) -> Mapping[str, float]:
        """See ``LexicalIndex``."""
        scores: dict[str, float] = {}
        if not document_ids:
            return scores
        deadline = Deadline(timeout_seconds)
        query = self._scored((text, *variants), scoring, deadline)
        for ids in parts(document_ids, IDS_AT_ONCE):
            body = queries.hits_body(queries.filtered(query, [queries.among(ids)]), len(ids))
            scores.update(self._reader.hits(text, body, deadline))
        return scores

    def documents(
        self, document_ids: Collection[str], *, timeout_seconds: float = SECONDS
    ) -> Mapping[str, Document]:
        """See ``LexicalIndex``."""
        found = map(
            stored_document,
            self._reader.sources(document_ids, DOCUMENT_PARTS, Deadline(timeout_seconds)),
        )
        return {document.document_id: document for document in found}

    def suggest(
        self, prefix: str, *, filters: Sequence[Filter] = (), limit: int, timeout_seconds: float
    ) -> Sequence[str]:
        """See ``LexicalIndex``."""
        deadline = Deadline(timeout_seconds)

        def find(asked: Sequence[str], match: Match, count: int) -> list[str]:
            body = queries.titles_body(asked, match, filters, count)
            found = self._reader.search(prefix, body, deadline)["aggregations"]["titles"]
            return [title_of(bucket["key"]) for bucket in found["buckets"]]

        return suggested(find, prefix, limit)

    def highlight(
        self,
        text: str,
        document_ids: Collection[str],
        *,
        variants: Sequence[str] = (),
        timeout_seconds: float,
    ) -> Mapping[str, Mapping[str, str]]:
        """See ``LexicalIndex``."""
        words = frozenset(
            word
            for wording in (text, *variants)
            for word in self._analyzer.analyze(cleaned(wording))
        )
        if not words:
            return {}
        sources = self._reader.sources(
            document_ids, (DOCUMENT_ID, "title", "body"), Deadline(timeout_seconds)
        )
        marked = {
            source[DOCUMENT_ID]: highlights(self._words, words, source["title"], source["body"])
            for source in sources
        }
        return {document_id: fields for document_id, fields in marked.items() if fields}

    def tally(
        self,
        matching: Matching,
        *,
        filters: Sequence[Filter] = (),
        fields: Sequence[str] = (),
        limit: int = 100,
        timeout_seconds: float,
    ) -> Tally:
        """See ``LexicalIndex``."""
        counted = facet_fields(self._schema, fields)
        deadline = Deadline(timeout_seconds)
        wordings = self._reader.wordings(lists.texts(matching), deadline)
        members = lists.members(matching, wordings, queries.filter_clauses(filters))
        body = lists.tally_body(members, counted, limit)
        return lists.tally_of(self._reader.search(matching.text or "", body, deadline), counted)

    def browse(
        self,
        sort: Sort,
        *,
        filters: Sequence[Filter] = (),
        after: Place | None = None,
        limit: int,
        timeout_seconds: float,
    ) -> Sequence[Place]:
        """See ``LexicalIndex``."""
        field = None if sort.field is None else sort_field(self._schema, sort.field)
        order = lists.Order(field, is_descending=sort.is_descending)
        query = {"bool": {"filter": queries.filter_clauses(filters)}}
        body = order.body(query, after, limit)
        answer = self._reader.search("", body, Deadline(timeout_seconds))
        return [order.place(hit) for hit in answer["hits"]["hits"]]

    def words(
        self, text: str, *, filters: Sequence[Filter] = (), timeout_seconds: float
    ) -> Sequence[TextWord]:
        """See ``LexicalIndex``."""
        held = self._vocabulary.under(queries.filter_clauses(filters))
        return held.words(cleaned(text), Deadline(timeout_seconds))

    def resembling(
        self, word: str, *, filters: Sequence[Filter] = (), limit: int, timeout_seconds: float
    ) -> Sequence[str]:
        """See ``LexicalIndex``; of the documents that hold a similar word some are read."""
        held = self._vocabulary.under(queries.filter_clauses(filters))
        return held.resembling(cleaned(word), limit, Deadline(timeout_seconds))

    def apply(self, changes: Sequence[Change]) -> Sequence[Refusal]:
        """See ``LexicalIndex``."""
        newest = {
            change.document_id: change for change in sorted(changes, key=lambda item: item.sequence)
        }
        unfit: list[Refusal] = []
        refused = self._bulk.write(self._writes(newest.values(), unfit))
        self._delete([newest[item.write.document_id] for item in refused])
        return [*unfit, *refusals(refused)]

    def forget(self, document_ids: Collection[str]) -> None:
        """See ``LexicalIndex``; it takes a moment, see ``opensearch_forgetting``."""
        forget(self._server, self._alias, document_ids)

    def refresh(self) -> None:
        """See ``LexicalIndex``."""
        answer = self._server.ask(f"POST /{self._alias}/_refresh", seconds=SECONDS)
        if answer["_shards"]["failed"]:
            raise EngineError(
                f"OpenSearch at {self._server.shown}: a shard of {self._alias} was not refreshed"
            )

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[tuple[str, int]]:
        """See ``LexicalIndex``."""
        return self._reader.versions(first, last, VERSIONS_AT_ONCE)

    def versions_of(self, document_ids: Collection[str]) -> Sequence[tuple[str, int]]:
        """See ``LexicalIndex``."""
        sources = self._reader.sources(document_ids, (DOCUMENT_ID, SEQUENCE), Deadline(SECONDS))
        return [(source[DOCUMENT_ID], source[SEQUENCE]) for source in sources]

    def count(self) -> int:
        """See ``LexicalIndex``."""
        answer = self._server.ask(f"GET /{self._alias}/_count", seconds=SECONDS)
        return int(answer["count"])

    def close(self) -> None:
        """See ``LexicalIndex``; the connections belong to the store."""
        self._bulk.close()

    def _scored(
        self, texts: Sequence[str], scoring: LexicalScoring, deadline: Deadline
    ) -> dict[str, Any]:
        """What holds a word of any of the texts, scored."""
        pairs = neighbours(self._analyzer, map(cleaned, texts)) if scoring.counts_pairs else {}
        return queries.best_of(self._reader.wordings(texts, deadline, pairs), self._schema, scoring)

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
