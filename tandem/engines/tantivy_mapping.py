"""Tandem's fields, documents and text analysis in tantivy's terms, and back."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import tantivy

from tandem.analysis import Analysis
from tandem.documents import Change, Document, decode_attributes, encode_attributes
from tandem.engines.tantivy_order import add_order, declare_order
from tandem.engines.tantivy_suggestions import add_suggestion, declare_suggestions
from tandem.fields import Field, FieldType, from_microseconds, to_microseconds
from tandem.schema import Schema

ANALYZER = "tandem"
ALL = "all_text"
WORDS = "all_words"
"""The words of all text fields as they are typed, folded but not stemmed: what a misspelt one is
compared with.
"""
WORDS_ANALYZER = "tandem_words"
STORED_TEXTS = ("title", "body")
"""The texts that every document has; other text fields are stored with the attributes."""


def build_analyzer(analysis: Analysis) -> tantivy.TextAnalyzer:
    """The analysis chain in tantivy's terms."""
    chain = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(analysis.word_pattern))
        .filter(tantivy.Filter.remove_long(analysis.maximum_word_bytes))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.custom_stopword(list(analysis.stop_words)))
    )
    if analysis.stemmer is not None:
        chain = chain.filter(tantivy.Filter.stemmer(analysis.stemmer))
    return chain.build()


def build_words_analyzer(analysis: Analysis) -> tantivy.TextAnalyzer:
    """The analysis chain without its stemmer."""
    return build_analyzer(replace(analysis, stemmer=None))


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
    declare_order(builder)
    builder.add_unsigned_field("sequence", stored=True, indexed=True, fast=True)
    builder.add_text_field(ALL, stored=False, tokenizer_name=ANALYZER, index_option="position")
    builder.add_text_field(WORDS, tokenizer_name=WORDS_ANALYZER, index_option="basic")
    builder.add_bytes_field("attributes", stored=True, indexed=False, fast=False)
    builder.add_integer_field("updated_at", stored=True, indexed=True, fast=True)
    declare_suggestions(builder)
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
            prepared.add_integer(name, engine_value(value))
        case FieldType.FLOAT:
            prepared.add_float(name, value)
        case FieldType.BOOLEAN:
            prepared.add_boolean(name, value)


def engine_value(value: Any) -> Any:
    """A typed value as tantivy compares it: times as microseconds."""
    return to_microseconds(value) if isinstance(value, datetime) else value


def engine_document(schema: Schema, change: Change) -> tantivy.Document | None:
    """What tantivy stores for a change; ``None`` for a delete.

    Raises:
        FieldError: a value does not fit the schema.
    """
    document = change.document
    if document is None:
        return None
    values = schema.typed(document)
    prepared = tantivy.Document()
    prepared.add_text("document_id", document.document_id)
    add_order(prepared, document.document_id)
    prepared.add_unsigned("sequence", change.sequence)
    prepared.add_text("title", document.title)
    prepared.add_text("body", document.body)
    add_suggestion(prepared, document.title)
    texts = []
    for field in schema.text_fields:
        text = document.text(field.name)
        texts.append(text)
        if field.name not in STORED_TEXTS:
            prepared.add_text(text_field(field), text)
    together = "\n".join(texts)
    prepared.add_text(ALL, together)
    prepared.add_text(WORDS, together)
    prepared.add_bytes("attributes", encode_attributes(document.attributes))
    if document.updated_at is not None:
        prepared.add_integer("updated_at", to_microseconds(document.updated_at))
    for field in schema.filterable_fields:
        if field.name in values:
            _add_value(prepared, field, values[field.name])
    return prepared


def document_id_of(stored: tantivy.Document) -> str:
    """The id of a stored document."""
    return str(stored.get_first("document_id"))


def version_of(stored: tantivy.Document) -> tuple[str, int]:
    """The id and the sequence of a stored document."""
    sequence: Any = stored.get_first("sequence")
    return document_id_of(stored), int(sequence)


def stored_document(stored: tantivy.Document) -> Document:
    """A stored document as it was indexed."""
    microseconds = stored.get_first("updated_at")
    attributes: Any = stored.get_first("attributes")
    return Document(
        document_id=document_id_of(stored),
        title=str(stored.get_first("title")),
        body=str(stored.get_first("body")),
        attributes=decode_attributes(bytes(attributes)),
        updated_at=None if microseconds is None else from_microseconds(microseconds),
    )
