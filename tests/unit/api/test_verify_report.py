"""What `tandem verify` says of results that are hard to come by with real engines."""

import json
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from api.commands.verify_report import exit_code, tell
from api.console import FOUND, PROBLEM
from api.verify_data import summary
from indexer.findings import Finding, IndexVerification, Kind, Tally
from tandem.errors import EngineUnavailable

Captured = pytest.CaptureFixture[str]


class Target:
    """A collection, as far as the report asks."""

    name = "main"

    class release:  # noqa: N801 - stands for an attribute
        """Its release."""

        number, generation = 3, 2

    class catalog:  # noqa: N801 - stands for an attribute
        """Its catalogue."""

        class documents:  # noqa: N801 - stands for an attribute
            """Its log."""

            @staticmethod
            def count(_collection: str) -> int:
                """How many documents."""
                return 12_345

        class releases:  # noqa: N801 - stands for an attribute
            """Its generations."""

            @staticmethod
            def generations(_collection: str) -> list[Any]:
                """One that is live, one that is being built."""
                return [SimpleNamespace(number=2, state="ready"),
                        SimpleNamespace(number=4, state="building")]  # fmt: skip


def result(**values: Any) -> IndexVerification:
    """How an index compares."""
    return IndexVerification("vector", 2, "main-vector-2", 20_000, 7, documents=12_345, **values)


def data(*results: IndexVerification) -> dict[str, Any]:
    """As the outcome of an order holds it."""
    written = orjson.dumps(summary(cast("Any", Target), results))
    return cast("dict[str, Any]", orjson.loads(written))


def tally(kind: Kind, count: int) -> Tally:
    """That many findings."""
    made = Tally()
    made.add(Finding(kind, f"d{number}\x1b", "so it is", number) for number in range(count))
    return made


def told(captured: Captured, *results: IndexVerification, repair: bool = False) -> tuple[str, str]:
    """Standard output and error of the report."""
    tell(data(*results), repaired=repair, as_json=False)
    shown = captured.readouterr()
    return shown.out, shown.err


def test_a_clean_index_is_one_line(capsys: Captured) -> None:
    """With what was compared; there is nothing to do next."""
    out, err = told(capsys, result(sampled=200, seconds=1.25))
    assert "main: 12,345 documents in the log" in out
    assert "generation 4 is being built: it is not compared" in err
    assert "vector index, generation 2: holds what the log says (12,345 compared, 200 of" in out
    assert "next" not in out + err
    assert exit_code(data(result())) == FOUND


def test_what_says_nothing_of_the_live_generation_is_not_clean(capsys: Captured) -> None:
    """Nothing compared, or only what was live before: no all clear, and what to do."""
    other = result()
    other.generation = 1
    for results in ((), (other,)):
        _, err = told(capsys, *results)
        assert "generation 2 went live meanwhile: it is not compared; run tandem verify" in err
        assert exit_code(data(*results)) == PROBLEM


def test_a_generation_that_is_left_out_is_named(capsys: Captured) -> None:
    """It could not be opened; that says nothing against the live one."""
    found = {**data(result()), "left_out": [1]}
    tell(found, repaired=False, as_json=False)
    assert "generation 1 is not compared: see tandem status" in capsys.readouterr().err
    assert exit_code(found) == FOUND


def test_findings_are_counted_and_some_are_shown(capsys: Captured) -> None:
    """Control characters of an id are escaped, and the rest is told as a number."""
    out, _ = told(capsys, result(found=tally(Kind.STALE, 1_013)))
    lines = out.splitlines()
    assert "  stale          1,013" in lines
    assert "    d0\\x1b: so it is" in lines
    assert "    and 1,003 more" in lines
    assert lines[-1] == "next: tandem verify --repair"


def test_what_could_not_be_mended_is_listed(capsys: Captured) -> None:
    """After what was found; rebuilding is what remains to do."""
    left = tally(Kind.AHEAD, 1)
    out, _ = told(capsys, result(found=tally(Kind.STALE, 3), left=left), repair=True)
    lines = out.splitlines()
    assert lines.index("  mended             2") > lines.index("  stale              3")
    assert lines.index("  ahead              1") > lines.index("  what could not be mended:")
    assert lines[-1].startswith("next: delete the folder of main-vector-2;")
    assert exit_code(data(result(left=left))) == PROBLEM
    assert exit_code(data(result(found=tally(Kind.STALE, 3), left=Tally()))) == FOUND


def test_what_is_no_finding_is_told_beside(capsys: Captured) -> None:
    """Refused, accepted, unsettled and behind; only what is behind leaves with 1."""
    aside = result(refused=2, accepted=3, unsettled=4)
    out, _ = told(capsys, aside)
    for count, meaning in [(2, "tandem status"), (3, "taken now"), (4, "too fast to be judged")]:
        (line,) = (line for line in out.splitlines() if meaning in line)
        assert f" {count}  " in line
    assert exit_code(data(aside)) == FOUND
    out, _ = told(capsys, result(behind=5))
    assert "not applied yet" in out
    assert "next: tandem verify again" in out
    assert exit_code(data(result(behind=5))) == PROBLEM


def test_an_index_that_failed_says_why(capsys: Captured) -> None:
    """On standard error, with what to do; the other index is told all the same."""
    failed = result(error=EngineUnavailable("no answer", hint="start the server"))
    out, err = told(capsys, failed, result())
    assert "could not be verified to the end" in out
    assert "holds what the log says" in out
    assert err.splitlines()[1:] == ["error: no answer", "  next: start the server"]
    assert exit_code(data(failed, result())) == PROBLEM


def test_a_program_is_told_everything(capsys: Captured) -> None:
    """As JSON."""
    failed = result(found=tally(Kind.MISSING, 1), error=EngineUnavailable("gone", hint="start it"))
    tell(data(failed), repaired=False, as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert (shown["collection"], shown["release"], shown["clean"]) == ("main", 3, False)
    assert (shown["documents"], shown["building"]) == (12_345, [4])
    (index,) = shown["indexes"]
    assert (index["leg"], index["generation"], index["seed"]) == ("vector", 2, 7)
    assert index["found"]["missing"] == {
        "count": 1,
        "examples": [{"document_id": "d0\\x1b", "detail": "so it is"}],
    }
    assert index["found"]["stale"] == {"count": 0, "examples": []}
    assert index["left"] is None
    assert index["error"] == {
        "code": "engine_unavailable",
        "message": "gone",
        "hint": "start it",
    }
