"""Documents, what training would learn of them, and queries, all drawn: for a benchmark."""

import random
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from api.engines import analyser
from benchmarks.event_log import DOCUMENTS, PER_PERSON, Past, session_of, words_of
from rerank.document_facts import DocumentFacts, Reading
from rerank.tables import Tables, ValueTable
from tandem.analysis import ENGLISH
from tandem.documents import Document
from tandem.fields import Field, FieldType
from tandem.lexical import TextWord
from tandem.protocols import FloatMatrix
from tandem.queries import Query
from tandem.rankings import Evidence, Hit, Ranking
from tandem.schema import Schema

CANDIDATES = 100
DIMENSION = 384
FACTORS, NEIGHBOURS = 16, 50

SCHEMA = Schema.of(
    [
        Field("summary", FieldType.TEXT),
        Field("genre", FieldType.KEYWORD),
        Field("creator", FieldType.KEYWORD),
        Field("year", FieldType.INTEGER),
        Field("price", FieldType.FLOAT),
        Field("made", FieldType.DATETIME),
    ],
    open=False,
)


class Library:
    """Documents and their vectors, in memory."""

    def __init__(self, drawn: random.Random) -> None:
        self.documents = {item.document_id: item for item in made_documents(drawn)}
        vectors = np.random.default_rng(0).normal(size=(DOCUMENTS, 2, DIMENSION))
        vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
        self.vectors = dict(zip(self.documents, vectors.astype(np.float32), strict=True))
        self.ids = list(self.documents)

    def read(self, ids: Collection[str], _seconds: float) -> Mapping[str, Document]:
        """Documents by id."""
        return {name: self.documents[name] for name in ids}

    def passages(self, ids: Collection[str]) -> Mapping[str, FloatMatrix]:
        """Vectors by id."""
        return {name: self.vectors[name] for name in ids}

    def facts(self) -> DocumentFacts:
        """Over all of them."""
        analyse = analyser(ENGLISH)

        def words(text: str, _seconds: float) -> Sequence[TextWord]:
            found, start = [], 0
            for word in text.split():
                found.append(TextWord(start, start + len(word), 50))
                start += len(word) + 1
            return found

        reading = Reading(self.read, self.passages, words, lambda: DOCUMENTS, analyse)
        return DocumentFacts(SCHEMA, reading)


def made_documents(drawn: random.Random) -> Iterator[Document]:
    """With a title, about 120 words, and every field."""
    for number in range(DOCUMENTS):
        yield Document(
            f"d{number}",
            words_of(drawn, 6),
            words_of(drawn, 120),
            {
                "summary": words_of(drawn, 20),
                "genre": tuple(f"genre{drawn.randrange(20)}" for _ in range(2)),
                "creator": f"creator{drawn.randrange(500)}",
                "year": 1950 + drawn.randrange(75),
                "price": drawn.random() * 100,
                "made": "2020-01-01T00:00:00Z",
            },
        )


def tables_of(document_ids: Sequence[str]) -> Tables:
    """As training would learn them of all documents."""
    random_numbers = np.random.default_rng(2)
    count = len(document_ids)
    return Tables(
        document_ids=tuple(document_ids),
        usual=3.0,
        biases=random_numbers.normal(size=count).astype(np.float32),
        factors=random_numbers.normal(size=(count, FACTORS)).astype(np.float32),
        neighbours=random_numbers.integers(0, count, (count, NEIGHBOURS)).astype(np.int32),
        closeness=random_numbers.random((count, NEIGHBOURS)).astype(np.float32),
        values={
            name: ValueTable(
                tuple(f"{name}{number}" for number in range(many)),
                random_numbers.normal(size=many).astype(np.float32),
                random_numbers.random(many).astype(np.float32),
            )
            for name, many in (("creator", 500), ("genre", 20))
        },
        widths={"year": 10.0, "price": 20.0, "made": 3e7},
    )


def asked(drawn: random.Random, library: Library, past: Past) -> tuple[Query, Ranking]:
    """A query of somebody, and its candidates with what both legs said."""
    person = drawn.randrange(past.people)
    session = session_of(person, PER_PERSON)
    query = Query(words_of(drawn, 4), user_id=f"u{person}", session_id=session)
    hits = tuple(
        Hit(
            document_id,
            rank,
            1 / (60 + rank),
            (
                Evidence("lexical", rank, 20 / rank, 1 / (60 + rank)),
                Evidence("vector", 101 - rank, 0.5 + rank / 1_000, 1 / (161 - rank)),
            ),
        )
        for rank, document_id in enumerate(drawn.sample(library.ids, CANDIDATES), start=1)
    )
    return query, Ranking("rrf", hits)
