"""The log of ratings: nothing that was acknowledged is lost, whoever writes and whoever dies."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from relevance_eval.judging.ratings import Place, RatingsLog, RatingsUnavailable
from tandem.errors import SourceError

HERE, THERE = Place("q1", "a"), Place("q1", "b")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where nothing is yet."""
    return tmp_path / "ratings.jsonl"


def test_the_last_word_counts(path: Path) -> None:
    """Of each rater apart; left unjudged is not unrated."""
    log = RatingsLog(path)
    assert log.of("ann") == {}
    log.add("ann", HERE, 2)
    log.add("ann", THERE, None)
    log.add("ben", HERE, 0)
    log.add("ann", HERE, 3)
    assert log.of("ann") == {HERE: 3, THERE: None}
    assert log.all() == {"ann": {HERE: 3, THERE: None}, "ben": {HERE: 0}}
    assert RatingsLog(path).all() == log.all()


def test_undo_goes_back_step_by_step(path: Path) -> None:
    """To what was said before, in a process that begins anew too; nobody else's word is touched."""
    log = RatingsLog(path)
    log.add("ann", HERE, 2)
    log.add("ben", HERE, 1)
    log.add("ann", HERE, 3)
    assert log.undo("ann") == ("ann", HERE, 3)
    assert log.of("ann") == {HERE: 2}
    again = RatingsLog(path)
    assert again.undo("ann") == ("ann", HERE, 2)
    assert again.of("ann") == {}
    assert again.undo("ann") is None
    assert log.all() == {"ann": {}, "ben": {HERE: 1}}
    log.add("ann", HERE, 0)
    assert again.of("ann") == {HERE: 0}


def test_what_a_killed_writer_left_is_cut_off(path: Path) -> None:
    """Half a line was acknowledged to nobody; the next one is whole."""
    log = RatingsLog(path)
    log.add("ann", HERE, 2)
    with path.open("ab") as file:
        file.write(b'{"rater": "ann", "query_id": "q1", "docum')
    assert RatingsLog(path).of("ann") == {HERE: 2}
    log.add("ben", HERE, 1)
    assert RatingsLog(path).all() == {"ann": {HERE: 2}, "ben": {HERE: 1}}
    assert path.read_bytes().count(b"\n") == 2


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        '{"rater": "ann"}',
        '{"rater": 1, "query_id": "q", "document_id": "d", "grade": 1}',
        '{"rater": "ann", "query_id": "q", "document_id": "d"}',
        '{"rater": "ann", "query_id": "q", "document_id": "d", "grade": 4}',
        '{"rater": "ann", "query_id": "q", "document_id": "d", "grade": true}',
        '{"rater": "ann", "query_id": "q", "document_id": "d", "grade": 1.5}',
    ],
)
def test_a_broken_line_is_named(path: Path, line: str) -> None:
    """Neither read over nor written behind, and named each time."""
    RatingsLog(path).add("ann", HERE, 2)
    with path.open("a") as file:
        file.write(line + "\n")
    log = RatingsLog(path)
    for _ in range(2):
        with pytest.raises(SourceError, match=r"ratings\.jsonl:2: expected a rating"):
            log.of("ann")
    with pytest.raises(SourceError, match=":2:"):
        log.add("ann", THERE, 1)
    assert path.read_text().endswith(line + "\n")


def test_what_cannot_be_kept_is_not_acknowledged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk takes half a line, or fails late: nothing of it stays."""
    log = RatingsLog(path)
    log.add("ann", HERE, 2)
    whole = path.read_bytes()
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, line: _write(file, line[:9]))
        with pytest.raises(RatingsUnavailable, match="No space left") as error:
            log.add("ann", THERE, 1)
    assert "send it again" in error.value.hint
    assert path.read_bytes() == whole
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", _broken)
        with pytest.raises(RatingsUnavailable, match="Input/output"):
            log.undo("ann")
    assert path.read_bytes() == whole
    log.add("ann", THERE, 1)
    assert log.of("ann") == {HERE: 2, THERE: 1}
    with pytest.raises(RatingsUnavailable, match="No such file"):
        RatingsLog(path.parent / "none" / "ratings.jsonl").add("ann", HERE, 1)


_write = os.write


def _broken(_: int) -> None:
    raise OSError(5, "Input/output error")


def test_a_file_put_back_is_read_anew(path: Path) -> None:
    """It is shorter than what was read before, another one, or none."""
    log = RatingsLog(path)
    log.add("ann", HERE, 2)
    backup = path.read_bytes()
    log.add("ann", HERE, 3)
    log.add("ben", HERE, 3)
    path.write_bytes(backup)
    assert log.all() == {"ann": {HERE: 2}}
    other = RatingsLog(path.with_name("other.jsonl"))
    for _ in range(5):
        other.add("eve", THERE, 0)
    path.with_name("other.jsonl").replace(path)
    assert log.all() == {"eve": {THERE: 0}}
    path.unlink()
    assert log.all() == {}
    log.add("ann", HERE, 1)
    assert log.all() == {"ann": {HERE: 1}}


def test_many_write_at_once(path: Path) -> None:
    """Threads of one log and of others: each line is there, once and whole."""
    logs = [RatingsLog(path) for _ in range(3)]
    shared = [*logs, logs[0]]

    def work(number: int) -> None:
        for at in range(10):
            shared[number].add(f"r{number}", Place("q", f"d{at}"), at % 4)

    threads = [Thread(target=work, args=(number,)) for number in range(len(shared))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = {Place("q", f"d{at}"): at % 4 for at in range(10)}
    assert RatingsLog(path).all() == {f"r{number}": expected for number in range(4)}
    assert logs[1].all() == logs[2].all()


WRITER = """
import sys
from pathlib import Path
from relevance_eval.judging.ratings import Place, RatingsLog
log = RatingsLog(Path(sys.argv[1]))
for number in range(1_000_000):
    log.add("ann", Place("q", f"d{number}"), number % 4)
    print(number, flush=True)
"""


def test_a_killed_process_has_lost_nothing(path: Path) -> None:
    """Everything that it said was kept is there."""
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    acknowledged = -1
    for line in writer.stdout:
        acknowledged = int(line)
        if acknowledged == 25:
            writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    kept = RatingsLog(path).of("ann")
    assert acknowledged >= 25
    assert {Place("q", f"d{number}"): number % 4 for number in range(acknowledged + 1)}.items() <= (
        kept.items()
    )
    RatingsLog(path).add("ben", HERE, 1)
    assert len(RatingsLog(path).of("ann")) == len(kept)
