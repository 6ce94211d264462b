"""tantivy, the embedded lexical engine.

A text is scored by BM25 (k1 = 1.2, b = 0.75) over one field that holds all text fields together,
plus a smaller disjunction max over the fields one by one, which is where a field's weight counts. A
plain sum of weighted fields would count a word of a short title several times over: it costs 0.06
nDCG@10 on SciFact.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Occur, Query

from tandem.analysis import FIELDS_SHARE, TIE_BREAKER, Analysis
from tandem.documents import Change, Document
from tandem.engines.folders import IndexFolders
from tandem.engines.tantivy_mapping import (
    ALL,
    ANALYZER,
    build_analyzer,
    build_schema,
    document_id_of,
    engine_document,
    stored_document,
    text_field,
)
from tandem.engines.tantivy_queries import among, any_word, required, unscored
from tandem.errors import EngineError, FieldError
from tandem.filters import Filter
from tandem.protocols import Refusal
from tandem.rankings import Ranking
from tandem.schema import Schema

LEG = "lexical"
WRITER_HEAP_BYTES = 64_000_000
MOST_TIES = 4_096
"""How many hits of equal score at the limit are put in order of id; beyond it luck decides."""


class TantivyStore:
    """Generations of tantivy indexes, one folder each."""

    def __init__(self, root: Path, analysis: Analysis) -> None:
        self._folders = IndexFolders(root)
        self._analysis = analysis

    def identity(self, name: str) -> str | None:
        """See ``LexicalStore``."""
        return self._folders.identity(name)

    def create(self, name: str, identity: str, schema: Schema) -> "TantivyIndex":
        """See ``LexicalStore``."""
        return TantivyIndex(self._folders.create(name, identity), schema, self._analysis)

    def open(self, name: str, schema: Schema) -> "TantivyIndex":
        """See ``LexicalStore``."""
        folder = self._folders.data(name)
        if not (folder.is_dir() and tantivy.Index.exists(str(folder))):
            # tantivy would begin an empty index beside whatever else is there.
            raise _cannot_open(folder, "its meta.json is missing")
        return TantivyIndex(folder, schema, self._analysis)

    def drop(self, name: str) -> None:
        """See ``LexicalStore``."""
        self._folders.drop(name)


class TantivyIndex:
    """One generation of a lexical index.

    An in-process call cannot be interrupted, so ``timeout_seconds`` is left to the caller's
    deadline: a query takes about a millisecond at 200,000 documents.
    """

    def __init__(self, folder: Path, schema: Schema, analysis: Analysis) -> None:
        self._schema = schema
        self._analyzer = build_analyzer(analysis)
        self._writing = threading.Lock()
        self._writer: tantivy.IndexWriter | None = None
        self._engine_schema = build_schema(schema)
        try:
            self._index = tantivy.Index(self._engine_schema, path=str(folder))
            self._index.register_tokenizer(ANALYZER, self._analyzer)
            self.searcher = self._index.searcher()
        except Exception as error:
            raise _cannot_open(folder, error) from error

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

    def documents(self, document_ids: Collection[str]) -> Mapping[str, Document]:
        """See ``LexicalIndex``."""
        if not document_ids:
            return {}
        searcher = self.searcher
        hits = searcher.search(
            among(self._engine_schema, document_ids), limit=len(document_ids), count=False
        ).hits
        found = (stored_document(searcher.doc(address)) for _, address in hits)
        return {document.document_id: document for document in found}

    def apply(self, changes: Sequence[Change]) -> Sequence[Refusal]:
        """See ``LexicalIndex``."""
        refusals = []
        with self._writing:
            writer = self._writer or self._open_writer()
            try:
                for change in changes:
                    try:
                        prepared = engine_document(self._schema, change)
                    except FieldError as error:
                        refusals.append(Refusal(change.document_id, str(error)))
                        prepared = None
                    writer.delete_documents_by_term("document_id", change.document_id)
                    if prepared is not None:
                        writer.add_document(prepared)
                writer.commit()
            except ValueError as error:
                self._writer = None
                raise EngineError(f"tantivy could not write: {error}") from error
            self._index.reload()
            self.searcher = self._index.searcher()
        return refusals

    def versions(self) -> Iterator[tuple[str, int]]:
        """See ``LexicalIndex``."""
        searcher = self.searcher
        if searcher.num_docs == 0:
            return
        hits = searcher.search(Query.all_query(), limit=searcher.num_docs, count=False).hits
        for _, address in hits:
            stored = searcher.doc(address)
            sequence: Any = stored.get_first("sequence")
            yield document_id_of(stored), int(sequence)

    def count(self) -> int:
        """See ``LexicalIndex``."""
        return int(self.searcher.num_docs)

    def close(self) -> None:
        """See ``LexicalIndex``."""
        with self._writing:
            if self._writer is not None:
                self._writer.wait_merging_threads()
                self._writer = None

    def _open_writer(self) -> tantivy.IndexWriter:
        try:
            self._writer = self._index.writer(heap_size=WRITER_HEAP_BYTES, num_threads=1)
        except ValueError as error:
            raise EngineError(f"the tantivy index cannot be opened for writing: {error}") from error
        return self._writer

    def _ranking(self, query: Query, limit: int) -> Ranking:
        searcher = self.searcher
        hits = _hits_with_ties(searcher, query, limit)
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


def _cannot_open(folder: Path, reason: object) -> EngineError:
    return EngineError(
        f"the tantivy index in {folder} cannot be opened: {reason}",
        hint=f"delete the folder {folder.parent}; the next start builds it again",
    )


def _hits_with_ties(searcher: tantivy.Searcher, query: Query, limit: int) -> list[tuple[Any, Any]]:
    """The best ``limit`` hits, and those whose score equals the last one's."""
    wanted = limit + 1
    while True:
        hits: list[tuple[Any, Any]] = searcher.search(query, limit=wanted, count=False).hits
        if len(hits) <= limit:
            return hits
        last = hits[limit - 1][0]
        if len(hits) < wanted or hits[-1][0] < last or wanted > limit + MOST_TIES:
            return [hit for hit in hits if hit[0] >= last]
        wanted *= 2
