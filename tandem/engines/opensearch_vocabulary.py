"""The words that an OpenSearch index holds: how many documents hold one, and which resemble it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any

from tandem.analysis import PLAIN
from tandem.engines.opensearch_mapping import ALL, WORDS, text_field
from tandem.engines.opensearch_reader import Deadline, Reader, parts
from tandem.engines.tantivy_mapping import build_analyzer
from tandem.engines.tantivy_tokens import WordReader
from tandem.lexical import TextWord
from tandem.schema import Schema
from tandem.spelling import Written, edits, edits_allowed, nearest, written

Clause = Mapping[str, Any]
"""What must hold of a document."""

WORDS_AT_ONCE = 1_000
NEAR = 10
"""How many words of the index are looked at: the nearest, of these the most frequent."""

DOCUMENTS = 3
"""How many documents are read for each of them: short ones, as they score highest."""


class Vocabulary:
    """The words of one index, or of those of its documents that clauses leave. Thread-safe."""

    def __init__(self, reader: Reader, schema: Schema, words: WordReader) -> None:
        self._reader = reader
        self._fields = [text_field(field) for field in schema.text_fields]
        self._word_reader = words
        # folds words as the index does, and leaves none out
        self._plain_analyzer = build_analyzer(PLAIN)
        self._clauses: Sequence[Clause] = ()

    def under(self, clauses: Sequence[Clause]) -> "Vocabulary":
        """The words of the documents that these leave too."""
        some = copy(self)
        some._clauses = clauses
        return some

    def words(self, text: str, limit: Deadline) -> list[TextWord]:
        """See ``LexicalIndex``. Analysed here, where characters are counted as Python does."""
        spans = self._word_reader.spans(text)
        held = self._holding(ALL, [span.word for span in spans], limit)
        return [TextWord(span.start, span.end, held[span.word]) for span in spans]

    def resembling(self, word: str, limit: int, deadline: Deadline) -> list[str]:
        """See ``LexicalIndex``. The index holds words without case and accents; how they are
        written is read in some documents.
        """
        # nothing is left of a word that is longer than those of the index
        most, asked = edits_allowed(word), "".join(self._plain_analyzer.analyze(word))
        if not most or not asked:
            return []
        answer = self._reader.search(asked, near_body(asked, most), deadline)
        near = [option["text"] for option in answer["suggest"]["near"][0]["options"]]
        body = within(samples_body(asked, most, near, self._fields), self._clauses)
        answer = self._reader.search(asked, body, deadline)
        spelt = self._spelt(asked, most, _texts(answer))
        held = self._holding(WORDS, list(spelt), deadline)
        proposed = [Written(surface, plain, held[plain]) for plain, surface in spelt.items()]
        return nearest(asked, proposed, limit)

    def _spelt(self, asked: str, most: int, texts: Iterable[str]) -> dict[str, str]:
        """Folded word -> as most of the texts write it, of words of letters within the edits."""
        shortest, longest = len(asked) - most, len(asked) + most
        texts_with = Counter(
            word for text in texts for word in written(text, shortest=shortest, longest=longest)
        )
        spelt: dict[str, str] = {}
        for word, _ in sorted(texts_with.items(), key=lambda pair: (-pair[1], pair[0])):
            plain = self._folded(word)
            if word.isalpha() and edits(asked, plain, most):
                spelt.setdefault(plain, word)
        return spelt

    def _folded(self, word: str) -> str:
        return word if word.isascii() else "".join(self._plain_analyzer.analyze(word))

    def _holding(self, field: str, words: Sequence[str], limit: Deadline) -> dict[str, int]:
        """Analysed word -> how many documents hold it: exactly, on all shards."""
        held: dict[str, int] = {}
        for some in parts(words, WORDS_AT_ONCE):
            body = within(counts_body(field, some), self._clauses)
            answer = self._reader.search(" ".join(some), body, limit)
            counted = [bucket["doc_count"] for bucket in answer["aggregations"]["words"]["buckets"]]
            held.update(zip(some, counted, strict=True))
        return held


def within(body: Mapping[str, Any], clauses: Sequence[Clause]) -> Mapping[str, Any]:
    """The same asked of the documents that the clauses leave."""
    if not clauses:
        return body
    return {**body, "query": {"bool": {"must": [body["query"]], "filter": [*clauses]}}}


def counts_body(field: str, words: Sequence[str]) -> dict[str, Any]:
    """How many documents hold each word. What is deleted but not yet merged away is not counted, as
    it would be by OpenSearch's own statistics of terms.
    """
    return {
        "query": {"terms": {field: list(words)}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {"words": {"filters": {"filters": [{"term": {field: word}} for word in words]}}},
    }


def near_body(word: str, most: int) -> dict[str, Any]:
    """The words of the index nearest to a folded one, by edits; of those that are two away only
    such as begin with the same letter.
    """
    term = {
        "field": WORDS,
        "analyzer": "whitespace",
        "suggest_mode": "always",
        "string_distance": "damerau_levenshtein",
        "max_edits": most,
        "prefix_length": 0,
        "accuracy": 0.0,
        "size": NEAR,
        "shard_size": NEAR,
        # however frequent the word itself is
        "max_term_freq": 2**31 - 1,
    }
    return {"size": 0, "suggest": {"near": {"text": word, "term": term}}}


def samples_body(
    word: str, most: int, near: Sequence[str], fields: Sequence[str]
) -> dict[str, Any]:
    """Some documents that hold each of the near words, and some that hold none of them but another
    within the edits.
    """
    # rewritten to a constant, or OpenSearch would look up the 50 nearest words alone
    fuzzy = {"value": word, "fuzziness": most, "transpositions": True, "rewrite": "constant_score"}
    within = {"fuzzy": {WORDS: fuzzy}}
    others = {"bool": {"must": [within], "must_not": [{"terms": {WORDS: [word, *near]}}]}}
    holding = {"match": {WORDS: {"query": " ".join(near), "analyzer": "whitespace"}}}
    filters = [*({"term": {WORDS: plain}} for plain in near), others]
    read = {"top_hits": {"size": DOCUMENTS, "_source": list(fields)}}
    return {
        "query": {"bool": {"should": [holding, within]}},
        "size": 0,
        "track_total_hits": False,
        "aggs": {"words": {"filters": {"filters": filters}, "aggs": {"read": read}}},
    }


def _texts(answer: Mapping[str, Any]) -> list[str]:
    """What was read, each document once."""
    read = {
        hit["_id"]: hit["_source"]
        for bucket in answer["aggregations"]["words"]["buckets"]
        for hit in bucket["read"]["hits"]["hits"]
    }
    return [text for source in read.values() for text in source.values()]
