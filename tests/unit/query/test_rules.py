"""Rules: which of them a text calls up."""

from query.rules import NO_RULES, Boost, InForce, Rule, Rules
from query.synonyms import Rewritten, Synonyms
from tests.builders import filters, schema_of
from tests.logs import logged

SCHEMA = schema_of(brand="keyword", year="integer")
SALE = Rule("sale", "sandals", pin=("a",), hide=frozenset({"x"}))
PART = Rule("part", "Summer Shoes", is_part=True, hide=frozenset({"y", "z"}))


def called_up(rules: Rules, text: str) -> list[str]:
    """The names."""
    return [kept.rule.name for kept in rules.for_text(text, SCHEMA)]


def test_the_whole_query_or_a_part_of_it() -> None:
    """Words are folded; their order and what stands between them count."""
    rules = Rules([SALE, PART])
    assert called_up(rules, "Sandals!") == ["sale"]
    assert called_up(rules, "red sandals") == []
    assert called_up(rules, "cheap summer-shoés now") == ["part"]
    assert called_up(rules, "shoes summer") == []
    assert called_up(rules, "") == []


def test_several_come_in_the_order_of_the_file() -> None:
    """Each once, wherever and however often its words stand."""
    rules = Rules([PART, SALE, Rule("any", "sandals", is_part=True, pin=("b",))])
    assert called_up(rules, "sandals") == ["sale", "any"]
    assert called_up(rules, "sandals and sandals, summer shoes") == ["part", "any"]


def test_what_is_hidden_for_a_text() -> None:
    """By any of its rules."""
    rules = Rules([Rule("p", "sandals", is_part=True, hide=frozenset({"y"})), SALE])
    assert rules.hidden("sandals", SCHEMA) == {"x", "y"}
    assert rules.hidden("boots", SCHEMA) == frozenset()


def test_filters_are_typed_by_the_schema() -> None:
    """One for each boost; none where it names documents."""
    boosts = (Boost(2.0, frozenset({"a"})), Boost(0.5, filters={"brand": "acme"}))
    rule = Rule("r", "sandals", boosts=boosts)
    typed = filters(SCHEMA, {"brand": "acme"})
    assert Rules([rule]).for_text("sandals", SCHEMA) == (InForce(rule, (None, typed)),)


def test_a_filter_that_does_not_fit_leaves_its_rule_out() -> None:
    """The others stay; the log says so once a schema."""
    bad = Rule("bad", "sandals", hide=frozenset({"q"}), boosts=(Boost(2.0, filters={"size": 1}),))
    rules = Rules([bad, SALE])
    with logged("query") as records:
        assert called_up(rules, "sandals") == ["sale"]
        assert called_up(rules, "sandals") == ["sale"]
        assert rules.hidden("sandals", SCHEMA) == {"x"}
    assert [record.getMessage() for record in records] == [
        "the rule 'bad' is left out: filter.size: no such field in this collection"
    ]
    fitting = schema_of(size="integer")
    assert [kept.rule.name for kept in rules.for_text("sandals", fitting)] == ["bad", "sale"]


def test_synonyms_rewrite() -> None:
    """For the lexical leg; without any a text is what it is."""
    rules = Rules([], [Synonyms("tv", ("tv",), ("television",))])
    assert rules.rewrite("tv").variants == ("television",)
    assert NO_RULES.rewrite("tv") == Rewritten()
