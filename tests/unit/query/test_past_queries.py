"""Past queries: never one that fewer than five people asked, and the most frequent first."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.past_queries import PEOPLE, PastQueries, asked_text
from tandem.events import Exposure, Impression
from tandem.queries import Surface, new_query_id
from tandem.suggestions import LONGEST_TITLE

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def impression(
    text: str,
    user: str | None = None,
    *,
    client: str | None = None,
    session: str | None = None,
    surface: Surface = "search",
    first: int | None = 1,
) -> Impression:
    """A page that was shown; ``first`` is where it begins, ``None`` for an empty one."""
    exposures = () if first is None else (Exposure("d", first),)
    return Impression(
        new_query_id(), NOW, 1, text, surface, user, client, session, 0, exposures
    )  # fmt: skip


def asked_by(text: str, people: int, times: int = 1) -> list[Impression]:
    """Asked by so many people, so often each."""
    return [impression(text, f"user-{number}") for number in range(people)] * times


def past(*impressions: Impression) -> PastQueries:
    """What they tell."""
    made = PastQueries()
    made.add(impressions)
    return made


def test_five_people_make_a_query_public() -> None:
    """Four do not, however often they ask."""
    assert past(*asked_by("red shoes", 4, times=9)).completing("red", 5) == []
    assert past(*asked_by("red shoes", 5)).completing("red", 5) == ["red shoes"]


def test_a_person_is_a_user_or_a_device() -> None:
    """The same name of another kind is somebody else."""
    kinds = [
        impression("q one", "a"),
        impression("q one", client="a"),
        impression("q one", "b", client="a"),
        impression("q one", "c"),
    ]
    assert past(*kinds).completing("q", 5) == []
    assert past(*kinds, impression("q one", "a", client="other")).completing("q", 5) == []
    assert past(*kinds, impression("q one", client="b")).completing("q", 5) == ["q one"]


def test_sessions_are_nobody() -> None:
    """One browser begins as many as it likes: its queries must not become everybody's by that."""
    alone = [impression("my name", session=f"session-{number}") for number in range(20)]
    assert past(*alone).completing("my", 5) == []
    device = [impression("my name", client="a", session=f"s-{number}") for number in range(20)]
    four = asked_by("my name", 4)
    assert past(*alone, *four, impression("my name")).completing("my", 5) == []
    assert past(*device, *asked_by("my name", 3)).completing("my", 5) == []
    assert past(*device, *four).completing("my", 5) == ["my name"]


@pytest.mark.parametrize(
    "other",
    [
        impression("red", "x", surface="similar"),
        impression("red", "x", first=None),
        impression("red", "x", first=11),
    ],
    ids=["another surface", "an empty page", "a further page"],
)
def test_what_does_not_count(other: Impression) -> None:
    """Only first pages of searches that found something."""
    assert past(*asked_by("red", 4), other).completing("r", 5) == []
    assert past(*asked_by("red", 4), impression("red", "x")).completing("r", 5) == ["red"]


def test_a_misspelt_text_is_not_suggested() -> None:
    """It found something because it was searched for as it was meant."""
    typed = [replace(item, details={"corrected": "red shoes"}) for item in asked_by("rde shoes", 9)]
    assert past(*typed).completing("rde", 5) == []


def test_texts_that_are_no_suggestions() -> None:
    """Too long, or without a word."""
    long = "long " * (LONGEST_TITLE // 5) + "x"
    assert past(*asked_by(long, 9)).completing("long", 5) == []
    assert past(*asked_by("!?", 9), *asked_by("", 9)).completing("!", 5) == []


def test_case_and_space_do_not_count_but_signs_do() -> None:
    """What is shown is what every one of them typed: a sign may be what one person added."""
    mixed = [
        impression(text, text) for text in ("C  code", "c code", " C CODE", "c Code", "C code")
    ]
    assert past(*mixed).completing("c", 5) == ["c code"]
    signs = [
        impression(text, text) for text in ("c code", "c++ code", "c# code", "c-code", "ç code")
    ]
    assert past(*signs).completing("c", 5) == []


def test_the_most_frequent_comes_first() -> None:
    """Of those that begin with what was typed; then those that hold it, then with an error."""
    made = past(
        *asked_by("data bases", 5),
        *asked_by("data frames", 6, times=2),
        *asked_by("big data", 9),
        *asked_by("dates", 9),
    )
    assert made.completing("data", 9) == ["data frames", "data bases", "big data", "dates"]
    assert made.completing("data", 1) == ["data frames"]
    assert made.completing("dtaa fr", 9) == ["data frames"]
    assert made.completing("", 9) == []


def test_the_rarest_are_forgotten() -> None:
    """There is an end to what is held; what is public stays before what one person asked."""
    made = PastQueries(most_texts=20)
    made.add(asked_by("public text", 5))
    made.add(impression(f"flood {number}", "one") for number in range(500))
    assert made.completing("pub", 5) == ["public text"]
    for number in range(40):
        made.add(asked_by(f"many {number}", 5, times=1 + number // 20))
    found = made.completing("many", 50)
    assert 10 < len(found) <= 20


TEXTS = st.sampled_from(["alpha", "Alpha", "alpha beta", "beta", "Beta alpha", "alpah", "bet", ""])
PEOPLE_NAMES = st.none() | st.sampled_from("abcdefgh")


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            impression,
            TEXTS,
            PEOPLE_NAMES,
            client=PEOPLE_NAMES,
            session=PEOPLE_NAMES,
            surface=st.sampled_from(["search", "similar"]),
            first=st.sampled_from([1, None, 11]),
        ),
        max_size=80,
    ),
    st.sampled_from(["a", "al", "alpha", "alp", "b", "beta", "betta", "alpha b"]),
    st.sampled_from([3, 100]),
)
def test_nothing_that_fewer_than_five_asked(
    impressions: list[Impression], prefix: str, most_texts: int
) -> None:
    """Whoever they are, whatever else they asked, and whatever was forgotten meanwhile."""
    made = PastQueries(most_texts)
    made.add(impressions)
    people: dict[str, set[str]] = defaultdict(set)
    for shown in impressions:
        person = shown.user_id or (shown.client_id and f"c-{shown.client_id}")
        if person and shown.surface == "search" and shown.exposures:
            people[asked_text(shown.query_text)].add(person)
    assert all(len(people[text]) >= PEOPLE for text in made.completing(prefix, 50))
