"""Fields, documents and ids in OpenSearch's terms."""

import re
from datetime import UTC, datetime

import orjson
import pytest

from tandem.analysis import ENGLISH, PLAIN, WORD_PATTERN
from tandem.documents import Change
from tandem.engines.opensearch_mapping import (
    delete_lines,
    engine_id,
    index_mapping,
    index_settings,
    possessive,
    stored_document,
    upsert_lines,
)
from tandem.engines.opensearch_stemming import EXCEPTIONS, SUFFIX
from tandem.errors import FieldError
from tandem.fields import Field, FieldType
from tandem.schema import Schema
from tests.builders import deletion, document, schema_of, upserts

SCHEMA = schema_of(
    abstract="text", tags="keyword", year="integer", price="float", open="boolean", at="datetime"
)


def test_every_field_has_its_type() -> None:
    """Text fields go to the common one too, times are whole numbers, nothing is made up."""
    mapping = index_mapping(SCHEMA, {"x": 1})
    properties = mapping["properties"]
    types = {name: field["type"] for name, field in properties.items()}
    assert mapping["dynamic"] == "strict"
    assert mapping["_meta"] == {"x": 1}
    assert types == {
        "document_id": "keyword", "sequence": "long", "attributes": "keyword", "updated_at": "long",
        "title_words": "text", "title_line": "keyword", "title_entry": "keyword",
        "all_text": "text", "title": "text", "body": "text", "text_abstract": "text",
        "attribute_tags": "keyword", "attribute_year": "long", "attribute_price": "double",
        "attribute_open": "boolean", "attribute_at": "long",
    }  # fmt: skip
    assert properties["all_text"]["fields"]["words"]["analyzer"] == "tandem_unstemmed"
    common = {name for name, field in properties.items() if field.get("copy_to") == "all_text"}
    assert common == {"title", "body", "text_abstract"}


def test_settings_of_a_new_index() -> None:
    """Durable on return, refreshed every second, and deletes remembered for an hour."""
    settings = index_settings(SCHEMA, ENGLISH, shards=3, replicas=2)
    assert (settings["number_of_shards"], settings["number_of_replicas"]) == (3, 2)
    assert settings["translog.durability"] == "request"
    assert settings["refresh_interval"] == "1s"
    assert settings["gc_deletes"] == "1h"
    filters = settings["analysis"]["filter"]
    assert filters["tandem_stop"]["stopwords"] == list(ENGLISH.stop_words)
    assert "bytes < 64" in filters["tandem_short"]["script"]["source"]


def test_a_chain_has_no_filters_that_do_nothing() -> None:
    """Every filter that is declared is used; without stop words and stemmer there is none."""
    chains = {
        analysis.name: index_settings(SCHEMA, analysis, 1, 0)["analysis"]
        for analysis in (ENGLISH, PLAIN)
    }
    for chain in chains.values():
        used = {name for analyzer in chain["analyzer"].values() for name in analyzer["filter"]}
        assert used - {"lowercase", "asciifolding"} == set(chain["filter"])
    assert chains["plain-1"]["analyzer"]["tandem"]["filter"] == [
        "tandem_short", "tandem_dotted", "lowercase", "asciifolding"
    ]  # fmt: skip
    assert chains["english-1"]["analyzer"]["tandem"]["filter"][4:] == [
        "tandem_stop", "tandem_suffix", "tandem_exceptions", "tandem_stemmer"
    ]  # fmt: skip
    assert chains["english-1"]["analyzer"]["tandem_unstemmed"]["filter"][4:] == ["tandem_stop"]


def test_a_very_wide_schema_may_be_made() -> None:
    """OpenSearch allows 1,000 fields unless told otherwise."""
    wide = Schema.of(Field(f"f{number}", FieldType.INTEGER) for number in range(1_500))
    assert index_settings(wide, ENGLISH, 1, 0)["mapping.total_fields.limit"] > 1_520


def test_possessive_quantifiers() -> None:
    """Every quantifier of a class or a group gives nothing back; signs inside are left alone."""
    assert possessive(r"[\p{L}+]+(?:['x][a*]+)*") == r"[\p{L}+]++(?:['x][a*]++)*+"
    assert possessive(possessive(WORD_PATTERN)) == possessive(WORD_PATTERN)


@pytest.mark.parametrize("document_id", ["a", "x" * 512, "ü" * 256, "日本", "a/b"])
def test_ids_that_fit_are_kept(document_id: str) -> None:
    """Up to 512 bytes."""
    assert engine_id(document_id) == document_id


def test_ids_that_do_not_fit_are_hashed() -> None:
    """Longer or empty ones, and those that look like a hash: no two meet."""
    hashed = engine_id("x" * 513)
    odd = ["x" * 513, "x" * 514, "ü" * 257, "", hashed, "\ud800" * 200]
    made = [engine_id(document_id) for document_id in odd]
    assert len(set(made)) == len(odd)
    assert all(re.fullmatch(r"tandem-hash:[0-9a-f]{64}", name) for name in made)


def test_a_document_comes_back_as_sent() -> None:
    """From the source alone, whatever the schema makes of it."""
    sent = document(
        "a", "body\n", title=" Title ", tags=("x", "y"), year=-1, price=0.1, open=False,
        abstract=("one", "two"), at="2026-01-01T00:00:00.000001Z",
        updated_at=datetime(1969, 7, 20, 20, 17, 40, 1, tzinfo=UTC),
    )  # fmt: skip
    action, source = upsert_lines(SCHEMA, Change(7, "a", sent), sent).splitlines()
    told = orjson.loads(action)["index"]
    assert told == {"_id": "a", "version": 7, "version_type": "external_gte"}
    held = orjson.loads(source)
    assert stored_document(held) == sent
    assert held["attribute_at"] == 1_767_225_600_000_001
    assert held["text_abstract"] == "one two"
    assert held["title_line"] == held["title_words"] == "title"


def test_a_title_that_is_never_suggested_has_no_entry() -> None:
    """Without words, or too long."""
    for title in ("", "!?", "x" * 251):
        (change,) = upserts([document("a", title=title)])
        assert change.document is not None
        held = orjson.loads(upsert_lines(SCHEMA, change, change.document).splitlines()[1])
        assert not {"title_line", "title_words", "title_entry"} & held.keys()


def test_what_does_not_fit() -> None:
    """A value of another type, and half of a surrogate pair."""
    bad, broken = document("a", year="old"), document("a", "\ud800")
    with pytest.raises(FieldError, match="year"):
        upsert_lines(SCHEMA, Change(1, "a", bad), bad)
    with pytest.raises(orjson.JSONEncodeError):
        upsert_lines(Schema(), Change(1, "a", broken), broken)


def test_a_delete_is_one_line() -> None:
    """With its version, so that it is not undone by what is older."""
    (line,) = delete_lines(deletion(3, "a")).splitlines()
    assert orjson.loads(line) == {
        "delete": {"_id": "a", "version": 3, "version_type": "external_gte"}
    }


def test_exceptions_of_the_stemmer() -> None:
    """No word has two stems, and none is treated by its suffix already."""
    assert len(EXCEPTIONS) > 150
    assert not [word for word in EXCEPTIONS if re.search(SUFFIX, word)]
    assert EXCEPTIONS["university's"] == EXCEPTIONS["universities"] == "universiti"
