"""Tandem's fields, documents and text analysis in OpenSearch's terms, and back."""

import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from tandem.analysis import Analysis
from tandem.documents import Change, Document, decode_attributes, encode_attributes
from tandem.engines.opensearch_stemming import EXCEPTIONS, SUFFIX
from tandem.fields import Field, FieldType, from_microseconds, to_microseconds
from tandem.schema import Schema
from tandem.suggestions import LONGEST_TITLE, TYPO_LETTERS, entry, line

ALL = "all_text"
WORDS = "all_text.words"
"""The words of all text fields as they are typed, folded but not stemmed: what a misspelt one is
compared with."""
DOCUMENT_ID = "document_id"
SEQUENCE = "sequence"
TITLE_WORDS = "title_words"
"""The folded words of a title that may be suggested."""
TITLE_BEGINNINGS = "title_words.beginnings"
"""Every beginning of these words: misspelt unfinished ones are looked up among them."""
TITLE_LINE = "title_line"
TITLE_ENTRY = "title_entry"
"""What suggestions are sorted by; the title is in it."""
STORED_TEXTS = ("title", "body")
"""The texts that every document has; other text fields come back with the attributes."""
DOCUMENT_PARTS = (DOCUMENT_ID, "title", "body", "attributes", "updated_at")
"""What of the source makes a document."""

FORMAT = 3
"""Counts up whenever what is written no longer fits the mapping of an older index."""

ANALYZER = "tandem"
QUERY_ANALYZER = "tandem_query"
UNSTEMMED_ANALYZER = "tandem_unstemmed"
BEGINNINGS_ANALYZER = "tandem_beginnings"
STEMMERS = {"english": "porter2"}
"""Tandem's stemmers under OpenSearch's names."""

GC_DELETES = "1h"
"""How long the version of a deleted document is remembered."""

LONGEST_ID_BYTES = 512
HASHED_ID = "tandem-hash:"
MOST_FIELDS = 1_000
SHORT_WORD = """
    CharSequence term = token.term;
    if (term.length() * 3 < LIMIT) { return true; }
    if (term.length() >= LIMIT) { return false; }
    int bytes = 0;
    for (int i = 0; i < term.length(); i++) {
        int sign = term.charAt(i);
        if (sign < 128) { bytes += 1; }
        else if (sign < 2048 || (sign >= 55296 && sign < 57344)) { bytes += 2; }
        else { bytes += 3; }
    }
    return bytes < LIMIT;
"""
"""Whether a word has fewer UTF-8 bytes than the limit; OpenSearch's own filter counts UTF-16."""

_ENGINE_TYPES = {
    FieldType.KEYWORD: "keyword",
    FieldType.INTEGER: "long",
    FieldType.FLOAT: "double",
    FieldType.BOOLEAN: "boolean",
    FieldType.DATETIME: "long",
}


def text_field(field: Field) -> str:
    """The engine's name for a searched field: declared names cannot collide with Tandem's own."""
    return field.name if field.name in STORED_TEXTS else f"text_{field.name}"


def filter_field(field: Field) -> str:
    """The engine's name for a filterable field: attributes cannot collide with Tandem's own."""
    return f"attribute_{field.name}"


def index_settings(
    schema: Schema, analysis: Analysis, shards: int, replicas: int
) -> dict[str, Any]:
    """The settings of a new index."""
    return {
        "number_of_shards": shards,
        "number_of_replicas": replicas,
        # named, because an index with the default is not refreshed while nobody searches it
        "refresh_interval": "1s",
        "translog.durability": "request",
        "gc_deletes": GC_DELETES,
        "mapping.total_fields.limit": MOST_FIELDS + len(schema.fields),
        "analysis": _analysis(analysis),
    }


def _analysis(analysis: Analysis) -> dict[str, Any]:
    stop, stemming = _stop(analysis), _stemming(analysis)
    unstemmed = ["tandem_short", "tandem_dotted", "lowercase", "asciifolding", *stop]
    chain = [*unstemmed, *stemming]
    words = {"type": "custom", "tokenizer": "tandem_words"}
    # these scripts take no parameters
    script = {"source": SHORT_WORD.replace("LIMIT", str(analysis.maximum_word_bytes))}
    return {
        "tokenizer": {
            "tandem_words": {
                "type": "pattern",
                "pattern": possessive(analysis.word_pattern),
                "group": 0,
            }
        },
        "filter": {
            "tandem_short": {"type": "predicate_token_filter", "script": script},
            # Java makes a plain i of it, everybody else an i and a combining dot
            "tandem_dotted": {
                "type": "pattern_replace",
                "pattern": "\u0130",
                "replacement": "i\u0307",
            },
            **stop,
            **stemming,
            "tandem_once": {"type": "unique"},
            "tandem_edges": {
                "type": "edge_ngram",
                "min_gram": TYPO_LETTERS - 1,
                "max_gram": LONGEST_TITLE,
            },
        },
        "analyzer": {
            ANALYZER: {**words, "filter": chain},
            # a word that is said twice counts once
            QUERY_ANALYZER: {**words, "filter": [*chain, "tandem_once"]},
            UNSTEMMED_ANALYZER: {**words, "filter": unstemmed},
            BEGINNINGS_ANALYZER: {
                "type": "custom",
                "tokenizer": "whitespace",
                "filter": ["tandem_edges"],
            },
        },
    }


def _stop(analysis: Analysis) -> dict[str, Any]:
    """The filter that drops stop words; none where the chain has none."""
    words = list(analysis.stop_words)
    return {"tandem_stop": {"type": "stop", "stopwords": words}} if words else {}


def _stemming(analysis: Analysis) -> dict[str, Any]:
    """The filters that stem, in order; none where the chain does not stem."""
    if analysis.stemmer is None:
        return {}
    return {
        "tandem_suffix": {"type": "pattern_replace", "pattern": SUFFIX, "replacement": "og"},
        "tandem_exceptions": {
            "type": "stemmer_override",
            "rules": [f"{word} => {stem}" for word, stem in EXCEPTIONS.items()],
        },
        "tandem_stemmer": {"type": "stemmer", "language": STEMMERS[analysis.stemmer]},
    }


def possessive(pattern: str) -> str:
    """The pattern with quantifiers after a class or a group that never give back what they took.

    Java's matcher recurses once for every repetition of a group, and a stack that overflows takes
    the whole node down; a possessive group is a loop. A word pattern is anchored to nothing, so it
    matches the same words.
    """
    return re.sub(r"(?<=[\])])([+*])(?!\+)", r"\1+", pattern)


def index_mapping(schema: Schema, meta: Mapping[str, Any]) -> dict[str, Any]:
    """OpenSearch's mapping of a collection's fields; ``meta`` is kept with it."""
    properties: dict[str, Any] = {
        DOCUMENT_ID: {"type": "keyword"},
        SEQUENCE: {"type": "long"},
        "attributes": {"type": "keyword", "index": False, "doc_values": False},
        "updated_at": {"type": "long"},
        TITLE_WORDS: {
            **_words("whitespace"),
            "fields": {"beginnings": _words(BEGINNINGS_ANALYZER)},
        },
        TITLE_LINE: {"type": "keyword", "doc_values": False},
        TITLE_ENTRY: {"type": "keyword"},
        ALL: {
            **_text(),
            # the fields follow each other as in tantivy, where they are one text
            "index_options": "positions",
            "position_increment_gap": 0,
            "fields": {
                "words": {"type": "text", "analyzer": UNSTEMMED_ANALYZER, "index_options": "docs"}
            },
        },
    }
    for field in schema.text_fields:
        properties[text_field(field)] = {**_text(), "copy_to": ALL}
    for field in schema.filterable_fields:
        properties[filter_field(field)] = {"type": _ENGINE_TYPES[field.type]}
    return {"dynamic": "strict", "_meta": dict(meta), "properties": properties}


def _text() -> dict[str, Any]:
    return {
        "type": "text",
        "analyzer": ANALYZER,
        "search_analyzer": QUERY_ANALYZER,
        "index_options": "freqs",
    }


def _words(analyzer: str) -> dict[str, Any]:
    return {"type": "text", "analyzer": analyzer, "index_options": "docs", "norms": False}


def engine_id(document_id: str) -> str:
    """OpenSearch's ``_id``, which has 1 to 512 bytes: other ids are hashed."""
    encoded = document_id.encode("utf-8", "surrogatepass")
    if 0 < len(encoded) <= LONGEST_ID_BYTES and not document_id.startswith(HASHED_ID):
        return document_id
    return HASHED_ID + blake2b(encoded, digest_size=32).hexdigest()


def engine_value(value: Any) -> Any:
    """A typed value as OpenSearch compares it: times as microseconds."""
    return to_microseconds(value) if isinstance(value, datetime) else value


def upsert_lines(schema: Schema, change: Change, document: Document) -> bytes:
    """The two lines of a bulk request that write a document.

    Raises:
        FieldError: a value does not fit the schema.
        orjson.JSONEncodeError: a text holds half of a surrogate pair.
    """
    source = orjson.dumps(_source(schema, change, document))
    return b"%b\n%b\n" % (_action("index", change), source)


def delete_lines(change: Change) -> bytes:
    """The line of a bulk request that deletes a document.

    Raises:
        orjson.JSONEncodeError: the id holds half of a surrogate pair.
    """
    return b"%b\n" % _action("delete", change)


def _action(kind: str, change: Change) -> bytes:
    return orjson.dumps(
        {
            kind: {
                "_id": engine_id(change.document_id),
                "version": change.sequence,
                "version_type": "external_gte",
            }
        }
    )


def _source(schema: Schema, change: Change, document: Document) -> dict[str, Any]:
    values = schema.typed(document)
    held = entry(document.title)
    # in the schema's order, by which OpenSearch puts them behind each other
    texts = {text_field(field): document.text(field.name) for field in schema.text_fields}
    source: dict[str, Any] = {
        DOCUMENT_ID: document.document_id,
        SEQUENCE: change.sequence,
        **texts,
        "attributes": encode_attributes(document.attributes).decode(),
    }
    if held is not None:
        source[TITLE_ENTRY] = held
        source[TITLE_LINE] = source[TITLE_WORDS] = line(document.title)
    if document.updated_at is not None:
        source["updated_at"] = to_microseconds(document.updated_at)
    for field in schema.filterable_fields:
        if field.name in values:
            source[filter_field(field)] = engine_value(values[field.name])
    return source


def stored_document(source: Mapping[str, Any]) -> Document:
    """A document as it was indexed."""
    microseconds = source.get("updated_at")
    return Document(
        document_id=source[DOCUMENT_ID],
        title=source["title"],
        body=source["body"],
        attributes=decode_attributes(source["attributes"]),
        updated_at=None if microseconds is None else from_microseconds(microseconds),
    )
