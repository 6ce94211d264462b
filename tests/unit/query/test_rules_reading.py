"""The file of rules: what it may say, and what each mistake in it is told."""

import sys
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.rules import Boost, InForce, Rule
from query.rules_reading import MAXIMUM_BYTES, MAXIMUM_ENTRIES, read_rules
from tandem.errors import SettingsError
from tests.builders import filters, schema_of

SCHEMA = schema_of(brand="keyword")
EXAMPLE = sys.modules[read_rules.__module__].__doc__ or ""


def example() -> str:
    """The file that the module shows."""
    lines = EXAMPLE.split("\n\n")[1].splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines)


def rule(keys: str, name: str = "r") -> str:
    """A file with one rule."""
    return f'[[rules]]\nname = "{name}"\n{keys}'


def synonyms(keys: str) -> str:
    """A file with one set of synonyms."""
    return f'[[synonyms]]\nname = "s"\n{keys}'


def refused(text: str) -> SettingsError:
    """What a file is told."""
    with pytest.raises(SettingsError) as caught:
        read_rules(text.encode(), "rules.toml")
    return caught.value


def test_the_example_is_read() -> None:
    """What the module's first lines show works as they say."""
    rules = read_rules(example().encode(), "rules.toml")
    assert rules.rewrite("telly").variants == ("tv", "television")
    assert rules.rewrite("my laptop").variants == ("my notebook computer",)
    boosts = (Boost(1.5, frozenset({"doc-3"})), Boost(0.5, filters={"brand": "acme"}))
    sale = Rule("summer sale", "sandals", False, ("doc-1", "doc-2"), frozenset({"doc-9"}), boosts)
    typed = filters(SCHEMA, {"brand": "acme"})
    assert rules.for_text("SANDALS", SCHEMA) == (InForce(sale, (None, typed)),)
    assert rules.for_text("red sandals", SCHEMA) == ()


def test_a_part_of_the_query() -> None:
    """``contains`` in place of ``query``."""
    rules = read_rules(rule('contains = "sandals"\nhide = ["x"]').encode(), "rules.toml")
    assert rules.hidden("red sandals", SCHEMA) == {"x"}


def test_dates_of_the_file_are_those_of_filters() -> None:
    """As TOML writes them; a time without a zone could be any, so its boost is left out."""
    schema = schema_of(at="datetime")
    for written, fits in [
        ("2026-11-21", 1),
        ("2026-11-21T09:30:00Z", 1),
        ("2026-11-21T09:30:00", 0),
    ]:
        boost = f'query = "q"\nboost = [{{ filter = {{ at = {{ gte = {written} }} }}, by = 2 }}]'
        kept = read_rules(rule(boost).encode(), "rules.toml").for_text("q", schema)[0]
        assert (len(kept.filters), len(kept.left_out)) == (fits, 1 - fits)


def test_an_empty_file_has_none() -> None:
    """Neither has one of comments."""
    assert read_rules(b"# later\n", "rules.toml").for_text("q", SCHEMA) == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[rules]", "rules.toml: not TOML: "),
        ("rules = 1", "rules.toml: rules: expected entries that begin with [[rules]]"),
        ("rules = [1]", "rules.toml: rules: expected entries that begin with [[rules]]"),
        ("[[synonym]]", "rules.toml: there is no 'synonym', expected some of synonyms, rules"),
        ("[[rules]]", "rules.toml: rules entry 1: name: is missing, expected a text"),
        (rule("", " "), "rules entry 1: name: expected 1 to 100 characters that can be read"),
        ("[[rules]]\nname = 7", "rules entry 1: name: expected a text, found 7"),
        (rule('query = "q"'), "('r'): does nothing, expected pin, hide or boost"),
        (rule('pin = ["a"]'), "('r'): expected either query, the whole of it, or contains"),
        (rule('query = "q"\ncontains = "q"'), "('r'): expected either query"),
        (rule('query = "?!"\npin = ["a"]'), "query: expected at least one letter or digit"),
        (rule('qery = "q"\npin = ["a"]'), "there is no 'qery', expected some of name, query"),
        (
            rule('query = "q"\npin = "a"'),
            'pin: expected a list such as ["one", "two"], found \'a\'',
        ),
        (rule('query = "q"\npin = ["a", " "]'), "pin 2: expected a document's id, text of at most"),
        (rule('query = "q"\nhide = [7]'), "hide 1: expected a document's id"),
        (rule('query = "q"\npin = ["a", "a"]'), "pin 2: 'a' is given twice"),
        (rule('query = "q"\npin = ["a"]\nhide = ["a"]'), "hide: 'a' is pinned by the same rule"),
        (rule('query = "q"\nboost = 2'), "boost: expected a list such as"),
        (rule('query = "q"\nboost = [{ by = 2 }]'), "boost 1: expected either documents or a filt"),
        (
            rule('query = "q"\nboost = [{ by = 2, documents = ["a"], filter = { a = 1 } }]'),
            "boost 1: expected either documents or a filter",
        ),
        (
            rule('query = "q"\nboost = [{ by = 2, filter = {} }]'),
            "filter: expected a table such as",
        ),
        (
            rule('query = "q"\nboost = [{ documents = ["a"] }]'),
            "boost 1: by: expected a number from 0.01 to 100, none is given",
        ),
        *(
            (
                rule(f'query = "q"\nboost = [{{ documents = ["a"], by = {by} }}]'),
                "boost 1: by: expected a number from 0.01 to 100, found ",
            )
            for by in ("0", "-1", "true", '"2"', "nan", "inf", "1" + "0" * 400)
        ),
        (synonyms(""), "synonyms entry 1 ('s'): expected either words, or from and to"),
        (synonyms('words = ["a", "b"]\nto = ["c"]'), "expected either words, or from and to"),
        (synonyms('from = ["a"]'), "to: is missing, expected a list such as"),
        (synonyms('from = []\nto = ["a"]'), "from: expected a list of at least one text"),
        (synonyms('words = ["tv", "TV"]'), "words: expected at least two that differ"),
        (synonyms('words = ["tv", 5]'), "words 2: expected a text, found 5"),
        (synonyms('words = ["tv", "--"]'), "words 2: expected at least one letter or digit"),
    ],
)
def test_a_mistake_is_told_where_it_stands(text: str, told: str) -> None:
    """File, entry, field, and what was expected."""
    message = str(refused(text))
    assert message.startswith("rules.toml: ")
    assert told in message


def test_a_near_miss_is_named() -> None:
    """As everywhere."""
    assert refused(rule('querry = "q"')).hint == "did you mean 'query'?"
    assert refused("[[synonym]]").hint == "did you mean 'synonyms'?"


def test_names_are_given_once() -> None:
    """A rule is known by its name; synonyms have names of their own."""
    one = rule('query = "q"\npin = ["a"]') + "\n"
    told = "rules entry 2 ('r'): name: entry 1 has it already, expected another one for each"
    assert told in str(refused(one + one))
    read_rules((one + synonyms('words = ["a", "b"]').replace('"s"', '"r"')).encode(), "f")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("#" * (MAXIMUM_BYTES + 1), "rules.toml: more than 2,000,000 bytes"),
        ("[[rules]]\n" * (MAXIMUM_ENTRIES + 1), "rules: 10,001 entries, at most 10,000"),
        (synonyms(f"words = {[f'w{n}' for n in range(10)]}"), "words: 10 items, at most 9"),
        (synonyms(f"from = ['a']\nto = {[f'w{n}' for n in range(9)]}"), "to: 9 items, at most 8"),
        (synonyms(f"to = ['a']\nfrom = {[f'w{n}' for n in range(51)]}"), "from: 51 items, at most"),
        (
            rule(f'query = "q"\npin = {[f"d{n}" for n in range(101)]}'),
            "pin: 101 items, at most 100",
        ),
        (rule(f'query = "q"\nhide = ["{"é" * 257}"]'), "hide 1: expected a document's id"),
        (rule(f'query = "{"q" * 201}"\npin = ["a"]'), "query: expected 1 to 200 characters"),
        (rule(f'query = "q"\nboost = [{"{}," * 21}]'), "boost: 21 boosts, at most 20 are allowed"),
    ],
    ids=["bytes", "entries", "words", "to", "from", "pins", "id", "phrase", "boosts"],
)
def test_nothing_is_endless(text: str, told: str) -> None:
    """A file that somebody generated by mistake is refused, not searched for."""
    message = str(refused(text))
    assert told in message
    assert len(message) < 300


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "query", "pin", "hide", "boost", "words", "from", "to", "by"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(data=st.dictionaries(st.sampled_from(["rules", "synonyms", "x"]), VALUES))
def test_whatever_it_says_is_read_or_refused(data: object) -> None:
    """No file brings about another error."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tomllib, "loads", lambda _: data)
        told = "rules.toml: "
        try:
            read_rules(b"", "rules.toml")
        except SettingsError as error:
            told = str(error)
    assert told.startswith("rules.toml: ")
