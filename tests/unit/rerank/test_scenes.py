"""What a scene is read from: only what is needed, as of one position, and in time."""

import time
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pytest

from rerank.answers import LEXICAL, VECTOR
from rerank.behaviour import RECENT_DEEDS, Behaviour
from rerank.facts import EVERYTHING, Facts, Need, QueryWord
from rerank.scene import SHARES
from rerank.scenes import Needs, Scenery, Seen
from rerank.signals.registry import Feature, Reads, Scope, Signal
from rerank.tables import Tables
from tandem.behaviour import Deed, Rows, Who
from tandem.protocols import FloatVector
from tandem.rankings import Degradation
from tandem.schema import Schema
from tandem.sections import SearchSettings
from tests.behaviour_log import NOW, MemoryBehaviour
from tests.people_scenes import query_of, ranked

MINE = Deed(1, "click", "mine", NOW - 60, user_id="u")
ROWS = (MINE, Deed(2, "click", "a", NOW, user_id="other"), Deed(3, "rating", "a", NOW, 4.0))


def reading(scope: Scope, *reads: Reads) -> Feature:
    """A feature that reads these things."""
    return Feature(Signal("x", scope, "", "", reads, lambda scene: scene.unknown()))


PERSONAL = reading("person", "events")
TASTE = reading("person", "events", "documents")
CONTENT = reading("document", "documents")
WORDS = reading("text", "documents", "words")
ALL = (PERSONAL, TASTE, CONTENT, WORDS)


class KnownFacts:
    """A ``FactsSource`` that knows every document, and notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], set[Need]]] = []
        self.texts: list[str] = []

    def of(
        self,
        document_ids: Collection[str],
        timeout_seconds: float,
        needs: Collection[Need] = EVERYTHING,
    ) -> Mapping[str, Facts]:
        """See ``FactsSource``."""
        self.asked.append(([*document_ids], {*needs}))
        return {name: Facts(name) for name in document_ids}

    def words(self, text: str, timeout_seconds: float) -> tuple[QueryWord, ...]:
        """See ``FactsSource``."""
        self.texts.append(text)
        return (QueryWord(text, 1.0),)

    def vector(self, text: str) -> FloatVector | None:
        """See ``FactsSource``."""
        return np.full(2, len(text), dtype=np.float32)


class House:
    """A scenery over some rows of a log, and what it reads."""

    def __init__(self, rows: Sequence[Deed] = ROWS) -> None:
        self.log = MemoryBehaviour(rows)
        self.behaviour = Behaviour()
        self.follow()
        self.facts = KnownFacts()
        self.asked: list[tuple[Who, int]] = []
        self.scenery = Scenery(Schema(), self.facts, self.past, self.behaviour)

    def follow(self) -> None:
        """Fold what is new."""
        self.behaviour.take(self.log.rows(self.behaviour.position, 100_000))

    def past(self, who: Who, as_of: int, timeout_seconds: float) -> Sequence[Deed] | Degradation:
        """A ``PastReader``."""
        assert 0 < timeout_seconds <= 0.5
        self.asked.append((who, as_of))
        return self.log.deeds_of(who, as_of=as_of, limit=200)

    def scene(self, who: Who, *features: Feature) -> Seen:
        """Of a query of two candidates."""
        return self.scenery.scene(
            query_of(who), ranked(["a", "b"]), features, tables=Tables(), timeout_seconds=1.0
        )


def test_a_scene_has_the_shares_of_the_settings() -> None:
    """Which are those of the order without a model; by default as the settings are."""
    house = House()
    assert house.scene(Who()).scene.shares == SHARES
    settings = SearchSettings()
    assert {LEXICAL: settings.lexical.share, VECTOR: settings.vector.share} == SHARES
    house.scenery = Scenery(Schema(), house.facts, house.past, house.behaviour, {LEXICAL: 2.0})
    assert house.scene(Who()).scene.shares == {LEXICAL: 2.0}


def test_all_that_there_is() -> None:
    """Of candidates and of what the past names, as of one position."""
    house = House()
    scene, missing = house.scene(Who("u", "c", "s"), *ALL)
    assert missing == ()
    assert scene.as_of == scene.everyone.as_of == house.scenery.position == 3
    assert scene.seconds == scene.person.seconds == NOW
    assert scene.person.who == Who("u", "c", "s")
    assert scene.person.deeds == [MINE]
    assert scene.person.usual_rating == 4.0
    assert scene.everyone.chosen[scene.rows].tolist() == [1, 0]
    assert [item and item.document_id for item in scene.documents] == ["a", "b"]
    assert house.facts.asked == [(["mine"], set()), (["a", "b"], {"words"})]
    assert scene.words == (QueryWord("x", 1.0),)


@pytest.mark.parametrize(
    ("features", "documents", "texts", "pasts"),
    [
        ((), [], [], 0),
        ((reading("everyone", "events"),), [], [], 0),
        ((reading("text", "answer"),), [], [], 0),
        ((PERSONAL,), [], [], 1),
        ((CONTENT,), [(["a", "b"], set())], [], 0),
        ((PERSONAL, CONTENT), [(["a", "b"], set())], [], 1),
        ((TASTE,), [(["mine"], set()), (["a", "b"], set())], [], 1),
        (
            (reading("session", "events", "engines"), WORDS),
            [(["mine"], {"vectors"}), (["a", "b"], {"vectors", "words"})],
            ["x"],
            1,
        ),
        ((WORDS,), [(["a", "b"], {"words"})], ["x"], 0),
    ],
)
def test_only_what_is_needed_is_read(
    features: tuple[Feature, ...],
    documents: list[tuple[list[str], set[Need]]],
    texts: list[str],
    pasts: int,
) -> None:
    """A model that is not personal reads no past, and so on."""
    house = House()
    house.scene(Who("u"), *features)
    assert house.facts.asked == documents
    assert house.facts.texts == texts
    assert len(house.asked) == pasts


def test_the_vector_of_the_query() -> None:
    """It is there for who reads vectors."""
    house = House()
    meaning, _ = house.scene(Who(), reading("text", "documents", "engines"))
    content, _ = house.scene(Who(), CONTENT)
    assert meaning.query_vector is not None
    assert meaning.query_vector.tolist() == [len(meaning.query.text)] * 2
    assert content.query_vector is None


def test_nobody_asks() -> None:
    """No past is read, and nothing is missing for it."""
    house = House()
    scene, missing = house.scene(Who(), *ALL)
    assert missing == ()
    assert house.asked == []
    assert not scene.person.is_known
    assert scene.everyone.chosen[scene.rows].tolist() == [1, 0]


def test_the_past_does_not_come() -> None:
    """The scene is then as nobody's, and says so; all else is there."""
    house = House()
    late = Degradation("profile", "timeout")
    scenery = Scenery(Schema(), house.facts, lambda *_: late, house.behaviour)
    scene, missing = scenery.scene(
        query_of(Who("u")), ranked(["a"]), ALL, tables=Tables(), timeout_seconds=1.0
    )
    assert missing == (late,)
    assert not scene.person.is_known
    assert scene.everyone.chosen[scene.rows].tolist() == [1]
    assert scene.documents == (Facts("a"),)


def test_what_happens_while_the_past_is_read() -> None:
    """It is seen of the person and of everyone, or of neither."""
    house = House()
    newer = Deed(4, "click", "b", NOW, user_id="u")

    def slow(who: Who, as_of: int, timeout_seconds: float) -> Sequence[Deed] | Degradation:
        found = house.past(who, as_of, timeout_seconds)
        house.log.rows_held.append(newer)
        house.follow()
        return found

    scenery = Scenery(Schema(), house.facts, slow, house.behaviour)
    scene, missing = scenery.scene(
        query_of(Who("u")), ranked(["b"]), ALL, tables=Tables(), timeout_seconds=1.0
    )
    assert missing == ()
    assert house.asked == [(Who("u"), 3)]
    assert scene.as_of == 4
    assert scene.person.deeds == [MINE, newer]
    assert scene.everyone.chosen[scene.rows].tolist() == [1]


def test_too_much_happens_while_the_past_is_read() -> None:
    """Its end cannot be had, so the person is not known."""
    house = House()

    def hanging(who: Who, as_of: int, timeout_seconds: float) -> Sequence[Deed] | Degradation:
        rows = [Deed(number, "view", "z", NOW) for number in range(4, RECENT_DEEDS + 6)]
        house.behaviour.take(Rows(tuple(rows), rows[-1].sequence))
        return [MINE]

    scenery = Scenery(Schema(), house.facts, hanging, house.behaviour)
    scene, missing = scenery.scene(
        query_of(Who("u")), ranked(["a"]), ALL, tables=Tables(), timeout_seconds=1.0
    )
    assert [part.leg for part in missing] == ["profile"]
    assert not scene.person.is_known
    assert scene.as_of == RECENT_DEEDS + 5


def test_documents_get_what_time_is_left() -> None:
    """What the past used up is gone."""
    left = []

    class Slow(KnownFacts):
        def of(
            self,
            document_ids: Collection[str],
            timeout_seconds: float,
            needs: Collection[Need] = EVERYTHING,
        ) -> Mapping[str, Facts]:
            left.append(timeout_seconds)
            return {}

    def past(who: Who, as_of: int, timeout_seconds: float) -> Sequence[Deed]:
        time.sleep(0.02)
        return ()

    scenery = Scenery(Schema(), Slow(), past, Behaviour())
    scenery.scene(query_of(Who("u")), ranked(["a"]), ALL, tables=Tables(), timeout_seconds=0.015)
    assert left == [0.0]


def test_needs_of_nothing() -> None:
    """No signal, no reading."""
    assert Needs.of(()) == Needs(past=False, words=False, documents=None, past_documents=None)
