"""Short ways to make a scene, and to see what a signal says of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from rerank.facts import Facts, QueryWord, Words, coded, fragment_bits, fragments
from rerank.scene import Scene
from rerank.signals.registry import features
from tandem.queries import Query
from tandem.rankings import Evidence, Hit, Ranking
from tandem.schema import Schema


def facts(document_id: str, **texts: str) -> Facts:
    """A document with these text fields, which hold searchable words alone."""
    words = Words({name: coded(text.split()) for name, text in texts.items()})
    held = fragment_bits(fragments(word) for text in texts.values() for word in text.split())
    return Facts(document_id, words=words, fragments=held)


def query_words(text: str, weights: Mapping[str, float] | None = None) -> tuple[QueryWord, ...]:
    """The words of a text, each of weight 1 unless it has another."""
    return tuple(QueryWord(word, (weights or {}).get(word, 1.0)) for word in text.split())


def scene_of(*documents: Facts | str, schema: Schema | None = None, **parts: Any) -> Scene:
    """Candidates in that order; of those that are an id alone nothing is known. ``parts`` are
    further ones of the scene.
    """
    ids = [item if isinstance(item, str) else item.document_id for item in documents]
    known = {item.document_id: item for item in documents if not isinstance(item, str)}
    hits = tuple(Hit(document_id, rank, 1.0 / rank) for rank, document_id in enumerate(ids, 1))
    given: dict[str, Any] = {
        "query": Query("x"),
        "candidates": Ranking("rrf", hits),
        "seconds": 0.0,
    } | parts
    return Scene(schema=schema or Schema(), facts=known, **given)


def answered(*hits: tuple[Evidence, ...]) -> Ranking:
    """Candidates ``a``, ``b`` … of which the legs said that."""
    return Ranking(
        "rrf",
        tuple(Hit(chr(96 + rank), rank, 0.0, said) for rank, said in enumerate(hits, start=1)),
    )


def said(scene: Scene, feature: str) -> list[float | None]:
    """What the feature of that name says of each candidate; ``None`` for NaN."""
    (found,) = [item for item in features(scene.schema) if item.name == feature]
    return [None if np.isnan(value) else float(value) for value in found.compute(scene)]
