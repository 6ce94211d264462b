"""Damage to real engines behind everybody's back: any versions held in place of the right one."""

from collections.abc import Sequence
from uuid import uuid4

import qdrant_edge as edge
import tantivy

from indexer.findings import Kind
from tandem.documents import Change, Document
from tandem.engines.qdrant_edge_index import QdrantEdgeIndex
from tandem.engines.qdrant_edge_mapping import among
from tandem.engines.qdrant_points import VECTOR, passage_points
from tandem.engines.tantivy_index import TantivyIndex
from tandem.engines.tantivy_mapping import engine_document
from tandem.protocols import FloatMatrix
from tandem.schema import Schema
from tests.builders import random_rows
from tests.fakes import DIMENSION

WRITER_BYTES = 15_000_000
OTHER = "quite another text than the log has"


class LexicalDrift:
    """Writes into a tantivy index with a writer of its own."""

    kinds = (Kind.MISSING, Kind.STALE, Kind.DOUBLED, Kind.AHEAD, Kind.ALTERED)

    def __init__(self, index: TantivyIndex, schema: Schema) -> None:
        self._index = index
        self._schema = schema

    def hold(self, document_id: str, rows: Sequence[tuple[int, Document]]) -> None:
        """Exactly these (sequence, document) of that id."""
        self._index.close()  # gives back the only writer that there may be
        opened: tantivy.Index = self._index._index
        writer = opened.writer(heap_size=WRITER_BYTES, num_threads=1)
        writer.delete_documents_by_term("document_id", document_id)
        for sequence, document in rows:
            prepared = engine_document(self._schema, Change(sequence, document_id, document))
            assert prepared is not None
            writer.add_document(prepared)
        writer.commit()
        writer.wait_merging_threads()
        opened.reload()
        self._index.searcher = opened.searcher()

    def plant(self, kind: Kind, sequence: int, document: Document) -> None:
        """Drift of that kind in a document that the log has at ``sequence``."""
        other = Document(document.document_id, document.title, OTHER)
        rows = {
            Kind.MISSING: [],
            Kind.STALE: [(sequence - 1, other)],
            Kind.DOUBLED: [(sequence, document), (sequence - 1, other)],
            Kind.AHEAD: [(sequence + 1_000, document)],
            Kind.ALTERED: [(sequence, other)],
            Kind.ORPHANED: [(sequence, document)],
        }
        self.hold(document.document_id, rows[kind])


class VectorDrift:
    """Writes points into a Qdrant Edge shard, passages of documents of its own making."""

    kinds = (*LexicalDrift.kinds, Kind.INCOMPLETE)

    def __init__(self, index: QdrantEdgeIndex, schema: Schema) -> None:
        self._index = index
        self._schema = schema

    def hold(self, document: Document, rows: Sequence[tuple[int, FloatMatrix, int]]) -> None:
        """Exactly these (sequence, vectors, passages expected) of that document."""
        points = []
        for sequence, vectors, expected in rows:
            made, _ = passage_points(
                [Change(sequence, document.document_id, document)],
                {document.document_id: vectors},
                self._schema,
                vectors.shape[1],
            )
            points += [
                edge.Point(uuid4(), {VECTOR: vector.tolist()}, payload | {"passages": expected})
                for _, vector, payload in made
            ]
        shard = self._index.shard
        these = edge.Filter(must=[among([document.document_id])])
        shard.update(edge.UpdateOperation.delete_points_by_filter(these))
        if points:
            shard.update(edge.UpdateOperation.upsert_points(points))
        shard.flush()

    def plant(self, kind: Kind, sequence: int, document: Document) -> None:
        """Drift of that kind in a document that the log has at ``sequence``."""
        held = self._index.vectors([document.document_id]).get(document.document_id)
        right = random_rows(1, 2, DIMENSION) if held is None else held
        count, dimension = right.shape
        other = random_rows(sequence, count, dimension)
        rows = {
            Kind.MISSING: [],
            Kind.STALE: [(sequence - 1, right, count)],
            Kind.DOUBLED: [(sequence, right, count), (sequence - 1, other, count)],
            Kind.AHEAD: [(sequence + 1_000, right, count)],
            Kind.ALTERED: [(sequence, other, count)],
            Kind.INCOMPLETE: [(sequence, right[:-1], count)] if count > 1 else [],
            Kind.ORPHANED: [(sequence, right, count)],
        }
        self.hold(document, rows[kind])
