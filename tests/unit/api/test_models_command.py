"""``tandem models`` and ``tandem promote --model``, as they are typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from api.console import BAD_USE, FOUND, PROBLEM
from tests.owned_house import NAME, owned, settings_in
from tests.trained_models import know_signals, proof, trained

Captured = pytest.CaptureFixture[str]
Typed = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def folder(tmp_path: Path, models: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with a collection that nobody has open, and two models, the first one live."""
    know_signals(monkeypatch)
    with owned(settings_in(tmp_path)) as house:
        for made in (trained(), trained(proof=proof(-0.02))):
            house.catalog.models.add(NAME, made.manifest.as_json(), made.parts())
        house.catalog.releases.promote(NAME, 1, parent=1, model=1)
    return tmp_path / "data"


@pytest.fixture
def typed(folder: Path, capsys: Captured) -> Typed:
    """Runs a verb with the data folder; the exit code, and what was printed."""

    def run_it(*words: str | Path) -> tuple[int, str, str]:
        code = run([*map(str, words), "--data-dir", str(folder)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return run_it


def test_the_list(typed: Typed) -> None:
    """Newest first, with what each proved; which is live."""
    code, out, _ = typed("models")
    second, first = out.splitlines()
    assert code == FOUND
    assert second.startswith("model   2  ")
    assert "people     2 features, 20 groups, nDCG@10 0.7000 (+0.0400 to untrained" in second
    assert "live" not in second
    assert first.endswith("<- live")
    code, out, _ = typed("models", "--json")
    data = json.loads(out)
    assert [row["model"] for row in data["models"]] == [2, 1]
    assert data["models"][1]["is_live"]
    assert data["models"][0]["lifts"]["nDCG@10"] == {"mean": 0.04, "low": -0.02, "high": 0.1}


def test_one_of_them(typed: Typed) -> None:
    """What it was made from, and what it looks at most."""
    code, out, _ = typed("models", "show", "1")
    assert code == FOUND
    assert "learned from people: 20 groups, 240 candidates, 10 people" in out
    assert " 90.0%  useful" in out
    assert "on 50 held-out groups of 40 people" in out
    said = json.loads(typed("models", "show", "1", "--json")[1])
    assert said["features"] == ["useful", "noise"]


def test_from_one_place_to_another(typed: Typed, tmp_path: Path) -> None:
    """Exported and imported it has a number of its own; altered in between it is refused."""
    place = tmp_path / "model"
    assert typed("models", "export", "1", place)[0] == FOUND
    code, out, err = typed("models", "import", place)
    assert (code, out) == (FOUND, f"model 3 of {NAME} was read from {place}\n")
    assert "tandem promote --model 3" in err
    (place / "model.txt").write_text("tree\n")
    code, _, err = typed("models", "import", place)
    assert code == BAD_USE
    assert "SHA-256 is not the manifest's" in err
    assert len(json.loads(typed("models", "--json")[1])["models"]) == 3


def test_removing(typed: Typed) -> None:
    """Not one that a release has."""
    assert typed("models", "remove", "2")[0] == FOUND
    code, _, err = typed("models", "remove", "1")
    assert code == BAD_USE
    assert "is that of release 2, which is kept" in err


@pytest.mark.parametrize(
    "words",
    [
        ("models", "show", "9"),
        ("models", "export", "9", "somewhere"),
        ("models", "remove", "9"),
        ("promote", "--model", "9"),
    ],
)
def test_an_unknown_number(typed: Typed, words: tuple[str, ...]) -> None:
    """Bad use, which names it and says where numbers are shown."""
    code, _, err = typed(*words)
    assert code == BAD_USE
    assert "there is no model 9" in err
    assert "tandem models" in err


@pytest.mark.parametrize("words", [("promote",), ("promote", "1", "--model", "2")])
def test_a_generation_or_a_model(typed: Typed, words: tuple[str, ...]) -> None:
    """One of both."""
    code, _, err = typed(*words)
    assert code == BAD_USE
    assert "expected the number of a generation, --model" in err


def test_promoting_by_hand(typed: Typed) -> None:
    """A gate refuses, and says how to go on; then it is done, and shown wherever releases are."""
    code, _, err = typed("promote", "--model", "2")
    assert code == PROBLEM
    assert "model 2 is not fit to go live: better" in err
    overrides = ("--override", "better", "--override", "not-worse")
    code, out, _ = typed("promote", "--model", "2", *overrides)
    assert code == FOUND
    assert "better    OVERRIDDEN: nDCG@10 +0.0400" in out
    assert "release 3 is live, generation 1, model 2" in out
    assert "release      3  generation 1, model 2, made from 2" in typed("releases")[1]
    assert "  model     2, learned from people, " in typed("status")[1]
    assert "release 2 is live, generation 1, model 1" in typed("rollback")[1]


def test_without_a_model(typed: Typed) -> None:
    """Status says so."""
    assert typed("rollback")[0] == FOUND
    assert "  model     none: the order is untrained" in typed("status")[1]
