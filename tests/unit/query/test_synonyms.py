"""Synonyms: which other wordings they make of a text."""

import pytest

from query.synonyms import LONGEST_TEXT, MOST_TRIED, MOST_VARIANTS, Rewritten, Synonyms, Thesaurus
from tandem.suggestions import line

SCREENS = ("tv", "television", "telly")
TELEVISION = Synonyms("television", SCREENS, SCREENS)
NOTEBOOK = Synonyms("notebook", ("laptop",), ("notebook computer",))
THESAURUS = Thesaurus([TELEVISION, NOTEBOOK])


def test_words_of_a_group_find_each_other() -> None:
    """Each is replaced by all the others."""
    made = THESAURUS.rewrite("cheap TV")
    assert made == Rewritten(
        ("cheap television", "cheap telly"), ("television",), frozenset({"tv"})
    )
    assert THESAURUS.rewrite("a telly!").variants == ("a tv!", "a television!")


def test_one_way_is_not_the_other() -> None:
    """What stands in ``to`` finds only itself."""
    assert THESAURUS.rewrite("laptop").variants == ("notebook computer",)
    assert THESAURUS.rewrite("notebook computer") == Rewritten()


def test_runs_are_replaced_alone_and_then_together() -> None:
    """The rest of the text stays as it was typed."""
    made = THESAURUS.rewrite("Laptop, or Télly?")
    assert made.variants == (
        "notebook computer, or Télly?",
        "Laptop, or tv?",
        "Laptop, or television?",
        "notebook computer, or tv?",
        "notebook computer, or television?",
    )
    assert made.applied == ("notebook", "television")
    assert made.covered == {"laptop", "telly"}


def test_several_words_are_one_phrase() -> None:
    """They must stand beside each other; signs between them do not count."""
    thesaurus = Thesaurus([Synonyms("nyc", ("new york city",), ("nyc",))])
    assert thesaurus.rewrite("hotels New-York City centre").variants == ("hotels nyc centre",)
    assert thesaurus.rewrite("new city york") == Rewritten()


def test_a_sign_that_is_two_words_is_not_torn() -> None:
    """½ is 1 and 2 when it is folded: nothing can be put in place of a half of it."""
    thesaurus = Thesaurus([Synonyms("one", ("1",), ("one",))])
    assert thesaurus.rewrite("½ litre").variants == ()
    assert thesaurus.rewrite("1 litre").variants == ("one litre",)


def test_a_wording_comes_once_and_names_who_made_it() -> None:
    """Of two sets that come to the same, the first is named; one that only repeats the text not."""
    twice = Thesaurus([TELEVISION, Synonyms("more", ("tv", "TV"), ("Telly", "Tv"))])
    made = twice.rewrite("tv")
    assert made.variants == ("television", "telly")
    assert made.applied == ("television",)


def test_there_are_at_most_eight() -> None:
    """However many words have synonyms; so is a text too long to be worth it."""
    made = THESAURUS.rewrite("tv " * 50)
    assert len(made.variants) == MOST_VARIANTS
    assert THESAURUS.rewrite("tv " * (LONGEST_TEXT // 2)) == Rewritten()


def test_a_target_may_hold_the_source() -> None:
    """It is put in once, not again and again."""
    thesaurus = Thesaurus([Synonyms("set", ("tv",), ("tv set",))])
    assert thesaurus.rewrite("tv").variants == ("tv set",)


def test_no_group_keeps_the_others_out() -> None:
    """The largest that a file may have leaves room for the other word of the text."""
    numbers = tuple(f"w{number}" for number in range(9))
    couch = ("couch", "sofa")
    thesaurus = Thesaurus([Synonyms("many", numbers, numbers), Synonyms("couch", couch, couch)])
    assert {*thesaurus.rewrite("w0").variants} == {*numbers[1:]}
    made = thesaurus.rewrite("w0 couch")
    assert "w0 sofa" in made.variants
    assert made.applied == ("many", "couch")


def test_sets_that_know_one_word_take_turns() -> None:
    """The first target of each comes before the second of any."""
    sets = [Synonyms(name, ("tv",), tuple(f"{name}{n}" for n in range(8))) for name in "abc"]
    assert Thesaurus(sets).rewrite("tv").variants == (
        "a0",
        "b0",
        "c0",
        "a1",
        "b1",
        "c1",
        "a2",
        "b2",
    )


def test_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that thousands of sets know, again and again: it happens while somebody waits."""
    thesaurus = Thesaurus([Synonyms(f"s{n}", ("couch",), (f"t{n}",)) for n in range(3_000)])
    folded = []

    def counting(text: str) -> str:
        folded.append(text)
        return line(text)

    monkeypatch.setattr("query.synonyms.line", counting)
    made = thesaurus.rewrite("couch " * 60)
    assert len(made.variants) == MOST_VARIANTS
    assert len(folded) <= 4 * MOST_TRIED
