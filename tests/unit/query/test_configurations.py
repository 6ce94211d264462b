"""The named lists that a search can show."""

import pytest

from query.configurations import DEFAULT, configurations, named
from tandem.errors import QueryError
from tandem.fusion import LegFusion

FUSION = {"lexical": LegFusion(10, 2), "vector": LegFusion()}
KNOWN = configurations(FUSION, depth=50, budget_ms=250)


def test_each_shows_one_stage() -> None:
    """One leg, the other, both fused, and both reranked."""
    stages = {name: (item.legs, item.rerank) for name, item in KNOWN.items()}
    assert stages == {
        "lexical": (("lexical",), False),
        "semantic": (("vector",), False),
        "rrf": (("lexical", "vector"), False),
        "hybrid": (("lexical", "vector"), True),
    }
    assert DEFAULT in KNOWN
    for name, item in KNOWN.items():
        assert (item.name, item.depth, item.budget_ms) == (name, 50, 250)
        assert item.fusion == FUSION


def test_by_name() -> None:
    """The one of that name, exactly."""
    assert named(KNOWN, "rrf") is KNOWN["rrf"]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("hybird", "did you mean 'hybrid'?"), ("lexcal", "did you mean 'lexical'?"), ("", ""),
     ("zzz", ""), ("HYBRID", "")],
)  # fmt: skip
def test_unknown_names(asked: str, hint: str) -> None:
    """The error lists what there is and hints at what is near."""
    with pytest.raises(QueryError) as raised:
        named(KNOWN, asked)
    expected = "expected one of lexical, semantic, rrf, hybrid"
    assert str(raised.value) == f"there is no configuration {asked!r}, {expected}"
    assert (raised.value.hint, raised.value.field) == (hint, "configuration")
