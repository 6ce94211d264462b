"""tantivy, the embedded lexical engine.

A text is scored by BM25 (k1 = 1.2, b = 0.75) over one field that holds all text fields together,
plus a smaller disjunction max over the fields one by one, which is where a field's weight counts. A
plain sum of weighted fields would count a word of a short title several times over: it costs 0.06
nDCG@10 on SciFact.
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Occur, Query

from tandem.analysis import Analysis
from tandem.documents import Change, Document, decode_attributes, encode_attributes
from tandem.engines.folders import IndexFolders
from tandem.errors import EngineError, FieldError
from tandem.filters import AnyOf, Filter, Not, Range
from tandem.protocols import Refusal
from tandem.rankings import Ranking
from tandem.schema import Field, FieldType, Schema, from_microseconds, to_microseconds

LEG = "lexical"
FIELDS_SHARE = 0.3
"""Weight of the fields' disjunction max beside the all-field; from SciFact's train queries."""

TIE_BREAKER = 0.3
"""What the fields besides the best one add in the disjunction max."""

WRITER_HEAP_BYTES = 64_000_000
MOST_TIES = 4_096
"""How many hits of equal score at the limit are put in order of id; beyond it luck decides."""

ANALYZER = "tandem"
ALL = "all_text"
STORED_TEXTS = ("title", "body")
"""The texts that every document has; other text fields are stored with the attributes."""


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
        if not tantivy.Index.exists(str(folder)):
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
        must = [(Occur.Must, query), *(self._required(item) for item in filters)]
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
        among = _unscored(self._among(document_ids))
        both = Query.boolean_query([(Occur.Must, query), among])
        return self._ranking(both, len(document_ids)).scores()

    def documents(self, document_ids: Collection[str]) -> Mapping[str, Document]:
        """See ``LexicalIndex``."""
        if not document_ids:
            return {}
        searcher = self.searcher
        hits = searcher.search(self._among(document_ids), limit=len(document_ids), count=False).hits
        found = (_document(searcher.doc(address)) for _, address in hits)
        return {document.document_id: document for document in found}

    def apply(self, changes: Sequence[Change]) -> Sequence[Refusal]:
        """See ``LexicalIndex``."""
        refusals = []
        with self._writing:
            writer = self._writer or self._open_writer()
            try:
                for change in changes:
                    try:
                        prepared = self._engine_document(change)
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
            yield _document_id(stored), int(sequence)

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
            [(_document_id(searcher.doc(address)), score) for score, address in hits],
            limit=limit,
        )

    def engine_query(self, text: str) -> Query | None:
        """The text as tantivy's query; ``None`` if no word of it is searchable."""
        words = list(dict.fromkeys(self._analyzer.analyze(text)))
        if not words:
            return None
        fields = self._schema.text_fields
        by_field = [
            Query.boost_query(self._any_word(text_field(field), words), field.weight)
            for field in fields
        ]
        best_field = Query.disjunction_max_query(by_field, TIE_BREAKER)
        return Query.boolean_query(
            [
                (Occur.Must, self._any_word(ALL, words)),
                (Occur.Should, Query.boost_query(best_field, FIELDS_SHARE)),
            ]
        )

    def _among(self, document_ids: Collection[str]) -> Query:
        # For some hundred ids, single terms are looked up faster than one set is built.
        schema = self._engine_schema
        return Query.boolean_query(
            [
                (Occur.Should, Query.term_query(schema, "document_id", document_id, "basic"))
                for document_id in document_ids
            ]
        )

    def _any_word(self, field: str, words: Sequence[str]) -> Query:
        schema = self._engine_schema
        return Query.boolean_query(
            [(Occur.Should, Query.term_query(schema, field, word, "freq")) for word in words]
        )

    def _required(self, item: Filter) -> tuple[Occur, Query]:
        return _unscored(self._filter_query(item))

    def _filter_query(self, item: Filter) -> Query:
        if isinstance(item, Not):
            excluded = Query.boolean_query([self._required(part) for part in item.filters])
            return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, excluded)])
        name = filter_field(item.field)
        if isinstance(item, Range):
            return self._range_query(name, item)
        if item.field.type is FieldType.KEYWORD:
            return Query.term_set_query(self._engine_schema, name, list(item.values))
        return Query.boolean_query(
            [(Occur.Should, self._equals_query(name, item, value)) for value in item.values]
        )

    def _equals_query(self, name: str, item: AnyOf, value: Any) -> Query:
        if item.field.type is FieldType.BOOLEAN:
            return Query.term_query(self._engine_schema, name, value)
        return self._range_query(name, Range(item.field, gte=value, lte=value))

    def _range_query(self, name: str, item: Range) -> Query:
        kind = (
            tantivy.FieldType.Float
            if item.field.type is FieldType.FLOAT
            else tantivy.FieldType.Integer
        )
        schema = self._engine_schema
        parts = []
        for lower, inclusive in ((item.gt, False), (item.gte, True)):
            if lower is not None:
                bound = _engine_value(lower)
                parts.append(Query.range_query(schema, name, kind, bound, None, inclusive, True))
        for upper, inclusive in ((item.lt, False), (item.lte, True)):
            if upper is not None:
                bound = _engine_value(upper)
                parts.append(Query.range_query(schema, name, kind, None, bound, True, inclusive))
        return Query.boolean_query([(Occur.Must, part) for part in parts])

    def _engine_document(self, change: Change) -> tantivy.Document | None:
        document = change.document
        if document is None:
            return None
        values = self._schema.typed(document)
        prepared = tantivy.Document()
        prepared.add_text("document_id", document.document_id)
        prepared.add_unsigned("sequence", change.sequence)
        prepared.add_text("title", document.title)
        prepared.add_text("body", document.body)
        texts = []
        for field in self._schema.text_fields:
            text = document.text(field.name)
            texts.append(text)
            if field.name not in STORED_TEXTS:
                prepared.add_text(text_field(field), text)
        prepared.add_text(ALL, "\n".join(texts))
        prepared.add_bytes("attributes", encode_attributes(document.attributes))
        if document.updated_at is not None:
            prepared.add_integer("updated_at", to_microseconds(document.updated_at))
        for field in self._schema.filterable_fields:
            if field.name in values:
                _add_value(prepared, field, values[field.name])
        return prepared


def _cannot_open(folder: Path, reason: object) -> EngineError:
    return EngineError(
        f"the tantivy index in {folder} cannot be opened: {reason}",
        hint=f"delete the folder {folder.parent}; the next start builds it again",
    )


def build_analyzer(analysis: Analysis) -> tantivy.TextAnalyzer:
    """The analysis chain in tantivy's terms."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(analysis.word_pattern))
        .filter(tantivy.Filter.remove_long(analysis.maximum_word_bytes))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.custom_stopword(list(analysis.stop_words)))
        .filter(tantivy.Filter.stemmer(analysis.stemmer))
        .build()
    )


def text_field(field: Field) -> str:
    """The engine's name for a searched field: declared names cannot collide with Tandem's own."""
    return field.name if field.name in STORED_TEXTS else f"text_{field.name}"


def filter_field(field: Field) -> str:
    """The engine's name for a filterable field: attributes cannot collide with Tandem's own."""
    return f"attribute_{field.name}"


def build_schema(schema: Schema) -> tantivy.Schema:
    """Tantivy's mapping of a collection's fields."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("document_id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("sequence", stored=True, indexed=True, fast=True)
    builder.add_text_field(ALL, stored=False, tokenizer_name=ANALYZER, index_option="position")
    builder.add_bytes_field("attributes", stored=True, indexed=False, fast=False)
    builder.add_integer_field("updated_at", stored=True, indexed=True, fast=True)
    for field in schema.text_fields:
        stored = field.name in STORED_TEXTS
        builder.add_text_field(
            text_field(field), stored=stored, tokenizer_name=ANALYZER, index_option="freq"
        )
    for field in schema.filterable_fields:
        _declare(builder, field)
    return builder.build()


def _declare(builder: tantivy.SchemaBuilder, field: Field) -> None:
    name = filter_field(field)
    match field.type:
        case FieldType.KEYWORD:
            builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
        case FieldType.INTEGER | FieldType.DATETIME:
            builder.add_integer_field(name, indexed=True, fast=True)
        case FieldType.FLOAT:
            builder.add_float_field(name, indexed=True, fast=True)
        case FieldType.BOOLEAN:
            builder.add_boolean_field(name, indexed=True, fast=True)


def _add_value(prepared: tantivy.Document, field: Field, value: Any) -> None:
    name = filter_field(field)
    match field.type:
        case FieldType.KEYWORD:
            for item in value:
                prepared.add_text(name, item)
        case FieldType.INTEGER | FieldType.DATETIME:
            prepared.add_integer(name, _engine_value(value))
        case FieldType.FLOAT:
            prepared.add_float(name, value)
        case FieldType.BOOLEAN:
            prepared.add_boolean(name, value)


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


def _engine_value(value: Any) -> Any:
    return to_microseconds(value) if isinstance(value, datetime) else value


def _unscored(query: Query) -> tuple[Occur, Query]:
    return Occur.Must, Query.const_score_query(query, 0.0)


def _document_id(stored: tantivy.Document) -> str:
    return str(stored.get_first("document_id"))


def _document(stored: tantivy.Document) -> Document:
    microseconds = stored.get_first("updated_at")
    attributes: Any = stored.get_first("attributes")
    return Document(
        document_id=_document_id(stored),
        title=str(stored.get_first("title")),
        body=str(stored.get_first("body")),
        attributes=decode_attributes(bytes(attributes)),
        updated_at=None if microseconds is None else from_microseconds(microseconds),
    )
