"""tantivy, the embedded lexical engine.

A text is scored by BM25 (k1 = 1.2, b = 0.75) over one field that holds all text fields together,
plus a smaller disjunction max over the fields one by one, which is where a field's weight counts. A
plain sum of weighted fields would count a word of a short title several times over: it costs 0.06
nDCG@10 on SciFact.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import tantivy
from tantivy import Occur, Query

from tandem.analysis import FIELDS_SHARE, TIE_BREAKER, Analysis
from tandem.documents import Change, Document
from tandem.engines.folders import IndexFolders
from tandem.engines.tantivy_facets import count_values
from tandem.engines.tantivy_highlights import highlights
from tandem.engines.tantivy_mapping import (
    ALL,
    ANALYZER,
    build_analyzer,
    build_schema,
    document_id_of,
    stored_document,
    text_field,
    version_of,
)
from tandem.engines.tantivy_queries import (
    all_hits,
    among,
    any_word,
    hits_with_ties,
    required,
    sequences,
    unscored,
)
from tandem.engines.tantivy_suggestions import register_suggestions, title_finder
from tandem.engines.tantivy_writing import WRITER_HEAP_BYTES, BatchWriter, cannot_open
from tandem.filters import Filter
from tandem.protocols import Refusal
from tandem.rankings import Ranking
from tandem.schema import Schema, facet_fields
from tandem.stores import EngineHealth
from tandem.suggestions import suggested

LEG = "lexical"
VERSIONS_PAGE = 4_096
"""How many documents are read at once where all of them are."""


class TantivyStore:
    """Generations of tantivy indexes, one folder each."""

    def __init__(self, root: Path) -> None:
        self._folders = IndexFolders(root)

    def identity(self, name: str) -> str | None:
        """See ``LexicalStore``."""
        return self._folders.identity(name)

    def create(
        self, name: str, identity: str, schema: Schema, analysis: Analysis
    ) -> "TantivyIndex":
        """See ``LexicalStore``."""
        return TantivyIndex(self._folders.create(name, identity), schema, analysis)

    def open(self, name: str, schema: Schema, analysis: Analysis) -> "TantivyIndex":
        """See ``LexicalStore``."""
        folder = self._folders.data(name)
        if not (folder.is_dir() and tantivy.Index.exists(str(folder))):
            # tantivy would begin an empty index beside whatever else is there.
            raise cannot_open(folder, "its meta.json is missing")
        return TantivyIndex(folder, schema, analysis)

    def drop(self, name: str) -> None:
        """See ``LexicalStore``."""
        self._folders.drop(name)

    def names(self) -> Sequence[str]:
        """See ``LexicalStore``."""
        return self._folders.names()

    def publish(self, alias: str, name: str) -> None:
        """Nobody outside this process can ask the index."""

    def bytes_on_disk(self, name: str) -> int | None:
        """See ``LexicalStore``."""
        return self._folders.bytes_on_disk(name)

    def health(self) -> EngineHealth:
        """See ``LexicalStore``; the engine is this process, so its folder is what can fail."""
        return self._folders.health("tantivy", version("tantivy"), WRITER_HEAP_BYTES)

    def close(self) -> None:
        """There is no connection."""


class TantivyIndex:
    """One generation of a lexical index.

    An in-process call cannot be interrupted, so ``timeout_seconds`` is left to the caller's
    deadline: a query takes about a millisecond at 200,000 documents.
    """

    def __init__(self, folder: Path, schema: Schema, analysis: Analysis) -> None:
        self._schema = schema
        self._analyzer = build_analyzer(analysis)
        self._writing = threading.Lock()
        self._engine_schema = build_schema(schema)
        try:
            self._index = tantivy.Index(self._engine_schema, path=str(folder))
            self._index.register_tokenizer(ANALYZER, self._analyzer)
            register_suggestions(self._index)
            self.searcher = self._index.searcher()
            self._writer = BatchWriter(self._index, schema)
        except Exception as error:
            raise cannot_open(folder, error) from error

    def search(
        self,
        text: str,
        *,
        filters: Sequence[Filter] = (),
        limit: int,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Ranking:
        """See ``LexicalIndex``."""
        query = self.engine_query(text)
        if query is None:
            return Ranking(LEG)
        must = [(Occur.Must, query), *(required(self._engine_schema, item) for item in filters)]
        return self._ranking(Query.boolean_query(must), limit)

    def score(
        self,
        text: str,
        document_ids: Collection[str],
        *,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Mapping[str, float]:
        """See ``LexicalIndex``."""
        query = self.engine_query(text)
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
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Mapping[str, Mapping[str, str]]:
        """See ``LexicalIndex``."""
        words = frozenset(self._analyzer.analyze(text))
        if not words:
            return {}
        marked = {
            document_id: highlights(self._analyzer, words, document.title, document.body)
            for document_id, document in self.documents(document_ids).items()
        }
        return {document_id: fields for document_id, fields in marked.items() if fields}

    def facets(
        self,
        text: str,
        *,
        filters: Sequence[Filter] = (),
        fields: Sequence[str],
        limit: int = 100,
        timeout_seconds: float,  # noqa: ARG002 - see the class docstring
    ) -> Mapping[str, Mapping[str, int]]:
        """See ``LexicalIndex``."""
        counted = facet_fields(self._schema, fields)
        query = self.engine_query(text) if text.strip() else Query.all_query()
        if query is None:
            return {name: {} for name in fields}
        under = [required(self._engine_schema, item) for item in filters]
        matching = Query.boolean_query([unscored(query), *under])
        searcher = self.searcher
        return {field.name: count_values(searcher, matching, field, limit) for field in counted}

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

    def engine_query(self, text: str) -> Query | None:
        """The text as tantivy's query; ``None`` if no word of it is searchable."""
        words = list(dict.fromkeys(self._analyzer.analyze(text)))
        if not words:
            return None
        fields = self._schema.text_fields
        by_field = [
            Query.boost_query(any_word(self._engine_schema, text_field(field), words), field.weight)
            for field in fields
        ]
        best_field = Query.disjunction_max_query(by_field, TIE_BREAKER)
        return Query.boolean_query(
            [
                (Occur.Must, any_word(self._engine_schema, ALL, words)),
                (Occur.Should, Query.boost_query(best_field, FIELDS_SHARE)),
            ]
        )
