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


def test_a_filter_that_does_not_fit_leaves_its_boost_out() -> None:
    """That one alone: what else its rule does stays in force. The log says so once a schema."""
    good = Boost(3.0, filters={"brand": "acme"})
    bad = Rule(
        "bad", "sandals", False, ("p",), frozenset({"q"}), (Boost(2.0, filters={"size": 1}), good)
    )
    rules = Rules([bad, SALE])
    told = "bad: boost 1: filter.size: no such field in this collection"
    with logged("query") as records:
        for _ in range(2):
            kept = rules.for_text("sandals", SCHEMA)[0]
        assert rules.hidden("sandals", SCHEMA) == {"q", "x"}
    assert (kept.rule.pin, kept.rule.hide, kept.rule.boosts) == (("p",), frozenset({"q"}), (good,))
    assert kept.filters == (filters(SCHEMA, {"brand": "acme"}),)
    assert kept.left_out == (told,)
    assert [record.getMessage() for record in records] == [f"left out of the rules: {told}"]
    fitting = schema_of(size="integer", brand="keyword")
    assert rules.for_text("sandals", fitting)[0] == InForce(
        bad, (filters(fitting, {"size": 1}), filters(fitting, {"brand": "acme"}))
    )


def test_whether_all_filters_fit() -> None:
    """Also of rules that nobody called up yet; that is logged."""
    rules = Rules([SALE, Rule("bad", "boots", boosts=(Boost(2.0, filters={"size": 1}),))])
    with logged("query") as records:
        assert not rules.fit(SCHEMA)
        assert not rules.fit(SCHEMA)
    assert len(records) == 1
    assert rules.fit(schema_of(size="integer"))
    assert Rules([SALE]).fit(SCHEMA)
    assert NO_RULES.fit(SCHEMA)


def test_synonyms_rewrite() -> None:
    """For the lexical leg; without any a text is what it is."""
    rules = Rules([], [Synonyms("tv", ("tv",), ("television",))])
    assert rules.rewrite("tv").variants == ("television",)
    assert NO_RULES.rewrite("tv") == Rewritten()
