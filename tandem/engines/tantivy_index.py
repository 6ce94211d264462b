"""tantivy, the embedded lexical engine; BM25 has k1 = 1.2 and b = 0.75."""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from tandem.analysis import PLAIN, Analysis
from tandem.documents import Change, Document
from tandem.engines.neighbours import neighbours
from tandem.engines.tantivy_browsing import SortedBy, SortedList
from tandem.engines.tantivy_highlights import highlights
from tandem.engines.tantivy_mapping import (
    ANALYZER,
    WORDS_ANALYZER,
    build_analyzer,
    build_schema,
    build_words_analyzer,
    document_id_of,
    stored_document,
    version_of,
)
from tandem.engines.tantivy_order import OrderReader
from tandem.engines.tantivy_queries import (
    Wording,
    all_hits,
    among,
    best_of,
    hits_with_ties,
    required,
    sequences,
    unscored,
)
from tandem.engines.tantivy_spelling import SpellingReader, Vocabulary
from tandem.engines.tantivy_suggestions import register_suggestions, title_finder
from tandem.engines.tantivy_tallies import tallied
from tandem.engines.tantivy_tokens import WordReader
from tandem.engines.tantivy_writing import BatchWriter, cannot_open
from tandem.filters import Filter
from tandem.lexical import Matching, Place, Tally, TextWord
from tandem.protocols import Refusal
from tandem.queries import Sort
from tandem.rankings import Ranking
from tandem.schema import Schema, facet_fields, sort_field
from tandem.scoring import DEFAULT, LexicalScoring
from tandem.suggestions import suggested

LEG = "lexical"
VERSIONS_PAGE = 4_096
"""How many documents are read at once where all of them are."""


class TantivyIndex:
    """One generation of a lexical index.

    An in-process call cannot be interrupted, so ``timeout_seconds`` is left to the caller's
    deadline: a query takes about a millisecond at 200,000 documents.
    """

    def __init__(self, folder: Path, schema: Schema, analysis: Analysis) -> None:
        self._schema = schema
        self._analyzer = build_analyzer(analysis)
        self._words = WordReader(self._analyzer)
        self._plain_analyzer = build_analyzer(PLAIN)
        self._writing = threading.Lock()
        self._engine_schema = build_schema(schema)
        self._ids = OrderReader(self._engine_schema)
        try:
            self._index = tantivy.Index(self._engine_schema, path=str(folder))
            self._index.register_tokenizer(ANALYZER, self._analyzer)
            self._index.register_tokenizer(WORDS_ANALYZER, build_words_analyzer(analysis))
            register_suggestions(self._index)
            # by itself it would take up commits in a thread of its own, an older one perhaps last
            self._index.config_reader(reload_policy="Manual")
            self.searcher = self._index.searcher()
            self._writer = BatchWriter(self._index, schema)
        except Exception as error:
            raise cannot_open(folder, error) from error

    def search(
        self,
        text: str,
        *,
        variants: Sequence[str] = (),
        filters: Sequence[Filter] = (),
        scoring: LexicalScoring = DEFAULT,
        limit: int,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Ranking:
        """See ``LexicalIndex``."""
        query = self.engine_query(text, *variants, scoring=scoring)
        if query is None:
            return Ranking(LEG)
        must = [(Occur.Must, query), *(required(self._engine_schema, item) for item in filters)]
        return self._ranking(Query.boolean_query(must), limit)

    def score(
        self,
        text: str,
        document_ids: Collection[str],
        *,
        variants: Sequence[str] = (),
        scoring: LexicalScoring = DEFAULT,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Mapping[str, float]:
        """See ``LexicalIndex``."""
        query = self.engine_query(text, *variants, scoring=scoring)
        if query is None or not document_ids:
            return {}
        these = unscored(among(self._engine_schema, document_ids))
        both = Query.boolean_query([(Occur.Must, query), these])
        return self._ranking(both, len(document_ids)).scores()

    def documents(
        self,
        document_ids: Collection[str],
        *,
        timeout_seconds: float = 10.0,  # noqa: ARG002 - see the class docstring
    ) -> Mapping[str, Document]:
        """See ``LexicalIndex``."""
        found = map(stored_document, self._stored(document_ids))
        return {document.document_id: document for document in found}

    def suggest(
        self,
        prefix: str,
        *,
        filters: Sequence[Filter] = (),
        limit: int,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Sequence[str]:
        """See ``LexicalIndex``."""
        schema = self._engine_schema
        under = [required(schema, item) for item in filters]
        return suggested(title_finder(self.searcher, schema, under), prefix, limit)

    def highlight(
        self,
        text: str,
        document_ids: Collection[str],
        *,
        variants: Sequence[str] = (),
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Mapping[str, Mapping[str, str]]:
        """See ``LexicalIndex``."""
        words = frozenset(
            word for wording in (text, *variants) for word in self._analyzer.analyze(wording)
        )
        if not words:
            return {}
        marked = {
            document_id: highlights(self._words, words, document.title, document.body)
            for document_id, document in self.documents(document_ids).items()
        }
        return {document_id: fields for document_id, fields in marked.items() if fields}

    def tally(
        self,
        matching: Matching,
        *,
        filters: Sequence[Filter] = (),
        fields: Sequence[str] = (),
        limit: int = 100,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Tally:
        """See ``LexicalIndex``."""
        counted = facet_fields(self._schema, fields)
        return tallied(self.searcher, self._set(matching, filters), counted, limit)

    def browse(
        self,
        sort: Sort,
        *,
        filters: Sequence[Filter] = (),
        after: Place | None = None,
        limit: int,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Sequence[Place]:
        """See ``LexicalIndex``."""
        schema = self._engine_schema
        field = None if sort.field is None else sort_field(self._schema, sort.field)
        under = [required(schema, item) for item in filters]
        order = SortedBy(field, sort.is_descending, self._ids)
        return SortedList(self.searcher, schema, order, under).page(after, limit)

    def words(
        self,
        text: str,
        *,
        filters: Sequence[Filter] = (),
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Sequence[TextWord]:
        """See ``LexicalIndex``."""
        return Vocabulary(self.searcher, self._engine_schema, filters).words(self._words, text)

    def resembling(
        self,
        word: str,
        *,
        filters: Sequence[Filter] = (),
        limit: int,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Sequence[str]:
        """See ``LexicalIndex``."""
        held = Vocabulary(self.searcher, self._engine_schema, filters)
        reader = SpellingReader(held, self._schema.text_fields, self._plain_analyzer)
        return reader.resembling(word, limit)

    def apply(self, changes: Sequence[Change]) -> Sequence[Refusal]:
        """See ``LexicalIndex``. Held documents are looked up, so that no older change replaces or
        deletes them; of what was deleted nothing is known.
        """
        with self._writing:
            held = dict(self.versions_of({change.document_id for change in changes}))
            return self._written(changes, held)

    def forget(self, document_ids: Collection[str]) -> None:
        """See ``LexicalIndex``."""
        with self._writing:
            self._written([Change(0, name, None) for name in document_ids], {})

    def _written(self, changes: Sequence[Change], held: Mapping[str, int]) -> Sequence[Refusal]:
        refusals = self._writer.write(changes, held)
        self._index.reload()
        self.searcher = self._index.searcher()
        return refusals

    def refresh(self) -> None:
        """What was applied is searchable already."""

    def versions(self, first: int = 0, last: int | None = None) -> Iterator[tuple[str, int]]:
        """See ``LexicalIndex``; of one moment, however long the reading takes."""
        searcher = self.searcher
        while True:
            page = searcher.search(
                sequences(first, last, self._engine_schema),
                limit=VERSIONS_PAGE,
                count=False,
                order_by_field="sequence",
                order=tantivy.Order.Asc,
            ).hits
            for sequence, address in page:
                yield document_id_of(searcher.doc(address)), int(sequence)
            if len(page) < VERSIONS_PAGE:
                return
            first = int(page[-1][0]) + 1

    def versions_of(self, document_ids: Collection[str]) -> Sequence[tuple[str, int]]:
        """See ``LexicalIndex``."""
        return [version_of(stored) for stored in self._stored(document_ids)]

    def _stored(self, document_ids: Collection[str]) -> Iterator[tantivy.Document]:
        if document_ids:
            searcher = self.searcher
            query = among(self._engine_schema, document_ids)
            hits = all_hits(searcher, query, expected=len(document_ids))
            yield from (searcher.doc(address) for _, address in hits)

    def count(self) -> int:
        """See ``LexicalIndex``."""
        return int(self.searcher.num_docs)

    def close(self) -> None:
        """See ``LexicalIndex``."""
        with self._writing:
            self._writer.close()

    def _ranking(self, query: Query, limit: int) -> Ranking:
        searcher = self.searcher
        hits = hits_with_ties(searcher, query, limit)
        return Ranking.from_scores(
            LEG,
            [(document_id_of(searcher.doc(address)), score) for score, address in hits],
            limit=limit,
        )

    def engine_query(self, *wordings: str, scoring: LexicalScoring = DEFAULT) -> Query | None:
        """The wordings as tantivy's query; ``None`` if no word of them is searchable."""
        analyzer = self._analyzer
        pairs = neighbours(analyzer, wordings) if scoring.counts_pairs else {}
        analysed = [
            Wording(tuple(dict.fromkeys(analyzer.analyze(text))), pairs.get(text, ()))
            for text in wordings
        ]
        return best_of(self._engine_schema, self._schema.text_fields, analysed, scoring)

    def _set(self, matching: Matching, filters: Sequence[Filter]) -> Query:
        """The set's documents under the filters, unscored."""
        text, schema = matching.text, self._engine_schema
        parts = [among(schema, matching.also)]
        if text is not None and not text.strip():
            parts.append(Query.all_query())
        elif query := self.engine_query(*([] if text is None else [text]), *matching.variants):
            parts.append(query)
        any_part = Query.boolean_query([(Occur.Should, part) for part in parts])
        under = [required(schema, item) for item in filters]
        hidden = (Occur.MustNot, among(schema, matching.without))
        return Query.boolean_query([unscored(any_part), *under, hidden])
