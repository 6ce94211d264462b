"""How the engines are: asked at once, and not for long."""

import threading
from contextlib import closing

import pytest

from api.healths import Healths
from tandem.stores import EngineHealth

ENGINES = {"lexical": "lex", "vector": "vec"}


def test_an_engine_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor asked again before it has answered; the other one is asked meanwhile."""
    going, others = threading.Event(), threading.Event()
    asked: list[str] = []

    def ask(leg: str) -> EngineHealth:
        asked.append(leg)
        if leg == "vector":
            others.set()
        else:
            assert going.wait(10)
        return EngineHealth(ENGINES[leg], "1", "ok")

    monkeypatch.setattr("api.healths.PATIENCE_SECONDS", 0.001)
    with closing(Healths(ask, ENGINES)) as healths:
        for _ in range(2):
            silent = healths.ask()["lexical"]
            assert silent == EngineHealth("lex", "", "unreachable", "did not answer")
        assert others.wait(10)
        assert asked.count("lexical") == 1
        monkeypatch.setattr("api.healths.PATIENCE_SECONDS", 10.0)
        going.set()
        assert {leg: health.state for leg, health in healths.ask().items()} == {
            "lexical": "ok",
            "vector": "ok",
        }


def test_each_answer_is_a_new_one() -> None:
    """What an engine said before is not told again."""
    states = iter(["ok", "unusable"])
    answer = EngineHealth("lex", "1", "ok")
    with closing(
        Healths(lambda _: answer._replace(state=next(states)), {"lexical": "lex"})
    ) as healths:
        assert [healths.ask()["lexical"].state for _ in range(2)] == ["ok", "unusable"]
