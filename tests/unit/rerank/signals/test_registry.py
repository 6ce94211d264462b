"""How signals are found, and what columns they make."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rerank.scene import Scene, Values
from rerank.signals import registry
from rerank.signals.registry import Feature, Signal, features, needs, signal, signals
from tandem.fields import FieldType
from tests.builders import schema_of
from tests.scenes import scene_of

HOWTO = Path(__file__).parents[4] / "docs" / "howto" / "add-a-signal.md"
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NEW, ITS_TEST = CODE.findall(HOWTO.read_text("utf-8"))
"""The example of the manual: a module, and its test."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is looked into as if it were ``rerank/signals``; gone afterwards."""
    signals()  # those of the project are found already, and stay so
    package = importlib.import_module("rerank.signals")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.setattr(registry, "_SIGNALS", dict(registry._SIGNALS))
    signals.cache_clear()
    yield tmp_path
    for path in tmp_path.glob("*.py"):
        sys.modules.pop(f"rerank.signals.{path.stem}", None)
    signals.cache_clear()


def test_the_example_of_the_manual_is_found(folder: Path) -> None:
    """Nothing else has to be told of a new module: it is a feature of every schema."""
    (folder / "lead.py").write_text(NEW, "utf-8")
    assert signals()["field_lead"].about == (
        "How many words of this field stand before the first one that was asked for."
    )
    names = [feature.name for feature in features(schema_of(abstract="text"))]
    assert {"field_lead.body", "field_lead.title", "field_lead.abstract"} <= {*names}
    assert names == sorted(names)


def test_the_example_of_the_manual_passes_its_test(folder: Path) -> None:
    """As it stands there."""
    (folder / "lead.py").write_text(NEW, "utf-8")
    scope: dict[str, Any] = {}
    exec(ITS_TEST, scope)
    tests = [made for name, made in scope.items() if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test()


def test_a_name_that_is_taken(folder: Path) -> None:
    """The second module that takes it is refused, by name."""
    (folder / "lead.py").write_text(NEW, "utf-8")
    (folder / "lead_again.py").write_text(NEW, "utf-8")
    with pytest.raises(ValueError, match="there are two signals 'field_lead'"):
        signals()


def test_every_signal_is_described() -> None:
    """Docstring, unit, when it is missing, and a range in order."""
    for name, item in signals().items():
        assert item.about, name
        assert item.unit, name
        assert item.missing, name
        assert item.low is None or item.high is None or item.low < item.high, name


def one_of(name: str, **described: object) -> Signal:
    """A signal that is not registered."""

    def ones(scene: Scene, field: str = "") -> Values:
        return np.ones(len(scene) + len(field))

    given = {"scope": "document", "unit": "x", "missing": "never", "reads": (), "compute": ones}
    return Signal(name, **(given | described))  # type: ignore[arg-type]


def test_a_family_makes_a_feature_of_each_field() -> None:
    """Of the types it names, in order of name."""
    schema = schema_of(year="integer", genre="keyword", price="float", days="integer")
    family = one_of("number", each=(FieldType.INTEGER, FieldType.FLOAT))
    made = features(schema, [family, one_of("size")])
    assert [item.name for item in made] == ["number.days", "number.price", "number.year", "size"]


def test_another_number_of_values_is_refused() -> None:
    """It names the signal."""
    assert Feature(one_of("size")).compute(scene_of("a")).tolist() == [1.0]
    with pytest.raises(ValueError, match=r"signal size\.ab: expected 1 values, \(3,\)"):
        Feature(one_of("size"), "ab").compute(scene_of("a"))


@pytest.mark.parametrize(
    ("reads", "needed", "is_replayed", "is_logged"),
    [
        (("answer", "documents"), set(), False, True),
        (("words",), {"words"}, False, True),
        (("events", "engines"), {"vectors"}, False, True),
        (("events", "tables"), set(), True, False),
        (("events", "documents", "tables"), set(), False, False),
    ],
)
def test_what_it_reads(
    reads: tuple[str, ...], needed: set[str], is_replayed: bool, is_logged: bool
) -> None:
    """Words and vectors are read only for who needs them; what needs the log alone is replayed.
    What a model's tables are in is never taken from what was served.
    """
    item = one_of("size", reads=reads)
    assert needs([Feature(item)]) == needed
    assert item.is_replayed is is_replayed
    assert item.is_logged is is_logged


def test_a_name_of_another_module() -> None:
    """It is refused, and the signal is what it was."""
    before = signals()["age"]
    with pytest.raises(ValueError, match="there are two signals 'age'"):
        signal("age", scope="query", unit="", missing="", reads=())(lambda scene: scene.unknown())
    assert registry._SIGNALS["age"] is before
