"""The order of document ids in tantivy, and the documents behind one of them.

Tantivy reads ranges of a text column, but asks for them only in its query language, whose bounds
may hold no more than letters and digits. So the column holds ids in hex, which has the same order,
and a second index without documents reads the language: there the column's analyzer leaves a bound
whole, where documents are written it leaves nothing to be inverted.
"""

import tantivy
from tantivy import Query

from tandem.engines.tantivy_suggestions import NOTHING

ORDER = "document_order"


def declare_order(builder: tantivy.SchemaBuilder) -> None:
    """The column."""
    builder.add_text_field(ORDER, fast=True, tokenizer_name=NOTHING, index_option="basic")


def add_order(prepared: tantivy.Document, document_id: str) -> None:
    """What a document holds in it."""
    prepared.add_text(ORDER, document_id.encode().hex())


def ordered_id(held: str) -> str:
    """The document_id that the column holds."""
    return bytes.fromhex(held).decode()


class OrderReader:
    """Makes queries for the ids behind another one."""

    def __init__(self, schema: tantivy.Schema) -> None:
        self._reader = tantivy.Index(schema)
        whole = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).build()
        self._reader.register_tokenizer(NOTHING, whole)

    def behind(self, document_id: str) -> Query:
        """The documents whose id is larger; of the empty one, all."""
        if not document_id:
            return Query.all_query()
        return self._reader.parse_query(f"{ORDER}:{{{document_id.encode().hex()} TO *}}")
