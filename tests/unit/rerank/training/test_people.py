"""One person stays one, whether they say who they are or not."""

from hypothesis import given
from hypothesis import strategies as st

from rerank.training.people import MOST_USERS, People
from tandem.behaviour import Who


def test_before_and_after_login() -> None:
    """The browser is the same, and so is who moved to another one with the session or the user."""
    people = People(
        [
            Who(None, "browser", "s1"),
            Who("ann", "browser", "s2"),
            Who("ann", "phone"),
            Who(None, "phone", "s3"),
            Who(None, None, "s3"),
            Who("bob", "other"),
        ]
    )
    anns = [Who(None, "browser", "s1"), Who("ann"), Who(None, None, "s3"), Who(None, "phone")]
    assert {people.of(who) for who in anns} == {"ann"}
    assert people.of(Who("bob", "other")) == "bob"


def test_who_never_says_who_they_are() -> None:
    """A client or a session is no user of the same name; nobody is nobody."""
    people = People([Who(None, "x", None), Who(None, None, "x"), Who("x"), Who()])
    assert people.of(Who(None, "x")) == "client x"
    assert people.of(Who(None, None, "x")) == "session x"
    assert people.of(Who("x")) == "x"
    assert people.of(Who("never seen")) == "never seen"
    assert people.of(Who()) is None


def test_a_shared_machine_joins_nobody() -> None:
    """Such as a program that gives one client for all whom it serves."""
    few = [Who(f"u{at}", "app") for at in range(MOST_USERS)]
    assert {People(few).of(who) for who in few} == {"u0"}
    many = [*few, Who("more", "app")]
    people = People([*many, Who(None, "app", "s")])
    assert len({people.of(who) for who in many}) == MOST_USERS + 1
    assert people.of(Who(None, "app", "s")) == "session s"
    assert people.of(Who(None, "app")) is None


NAMES = st.none() | st.sampled_from("abcdefgh")


@given(st.lists(st.builds(Who, NAMES, NAMES, NAMES), max_size=20))
def test_whoever_shares_an_id_is_one(seen: list[Who]) -> None:
    """Up to what is shared by too many; whatever the order they come in."""
    people = People(seen)
    assert [people.of(who) for who in seen] == [People(seen[::-1]).of(who) for who in seen]
    for one in seen:
        for other in seen:
            if one.user_id is not None and one.user_id == other.user_id:
                assert people.of(one) == people.of(other)
