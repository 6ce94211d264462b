"""What HTTP costs: ``python -m benchmarks.http_load BEIR_FOLDER [--json]``.

``wrk`` asks ``tandem serve`` over loopback, embedded, from a process of its own. Beside it the same
pipeline answers the same queries in this process, from as many threads as there are connections,
over a copy of the same data folder. They take turns, a round each, so that a slow moment of the
machine is everybody's; ratios are of the medians. Suggestions are measured one at a time, beside
the engine's own call.
"""

import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import orjson

from benchmarks.common import (
    benchmark_settings,
    forget,
    house,
    index_folder,
    leave_with,
    p99,
    parser,
    show,
)
from relevance_eval.formats.registry import read_askable
from tandem.catalog.ownership import LOCK
from tandem.queries import Query
from tandem.settings import Settings

LIMIT = 10
SUGGESTED = 5
STARTING_SECONDS = 120.0
ADDRESS = re.compile(r"http://[\d.]+:\d+")
SCRIPT = """\
local paths, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do paths[#paths + 1] = line end
end
function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at])
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'figures:{"requests":%d,"microseconds":%d,"errors":%d,"p50":%f,"p99":%f}',
    summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""
"""Asks the paths of a file in turn; times in milliseconds."""


class Round(NamedTuple):
    """One round of load: requests a second, how long one took, in milliseconds, and how many were
    answered by an error or not at all.
    """

    per_second: float
    p50: float
    p99: float
    errors: int = 0


@dataclass
class Side:
    """The rounds of one side."""

    rounds: list[Round] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """The medians over the rounds, and all errors."""
        medians = {
            name: round(median(getattr(one, name) for one in self.rounds), 3)
            for name in ("per_second", "p50", "p99")
        }
        return {**medians, "errors": sum(one.errors for one in self.rounds)}


class Wrk:
    """Load from a process of its own, over keep-alive connections."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder
        self._address = address
        self._script = folder / "load.lua"
        self._script.write_text(SCRIPT)
        self.cpu_shares: list[float] = []
        """Of one core, a round."""

    def load(self, paths: Sequence[str], connections: int, seconds: int) -> Round:
        """Ask the paths in turn for so long."""
        asked = self._folder / "paths.txt"
        asked.write_text("\n".join(paths) + "\n")
        before = _seconds_used()
        command = [
            *("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"),
            *("-s", str(self._script), self._address, "--", str(asked)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        self.cpu_shares.append((_seconds_used() - before) / seconds)
        found = orjson.loads(done.stdout.partition("figures:")[2])
        per_second = found["requests"] / (found["microseconds"] / 1e6)
        return Round(per_second, found["p50"], found["p99"], found["errors"])


def _seconds_used() -> float:
    """What children that have ended used of the processor: the server has not."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Server(NamedTuple):
    """``tandem serve`` at work."""

    address: str
    pid: int

    def memory_mb(self) -> float:
        """What it holds of its own, without what it maps from files."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"RssAnon:\s+(\d+) kB", status)
        assert found is not None, "Linux says so"
        return round(int(found[1]) / 1024, 1)


@contextmanager
def served(settings: Settings) -> Iterator[Server]:
    """The server over a data folder, once it answers with both legs."""
    embedding = settings.embedding.model_dump(exclude_none=True)
    chosen = {f"TANDEM_EMBEDDING__{name.upper()}": str(value) for name, value in embedding.items()}
    command = [
        *(sys.executable, "-m", "api", "serve", "--port", "0"),
        *("--collection", settings.collection, "--data-dir", str(settings.data_dir.absolute())),
    ]
    environment = {
        **os.environ,
        **chosen,
        "PYTHONPATH": str(Path.cwd()),
        "TANDEM_CACHE_DIR": str(settings.cache_dir.absolute()),
    }
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=settings.data_dir,  # no settings file of the working folder
    ) as process:
        try:
            address = _address(process)
            _wait_for_both_legs(address)
            yield Server(address, process.pid)
        finally:
            process.terminate()


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if found := ADDRESS.search(line):
            threading.Thread(target=process.stderr.read, daemon=True).start()  # it must not fill up
            return found[0]
    raise SystemExit(f"tandem serve did not start: {''.join(said)}")


def _wait_for_both_legs(address: str) -> None:
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until:
        answer = httpx.get(f"{address}/v1/search", params={"q": "heart"}, timeout=30)
        if answer.status_code == httpx.codes.OK and not answer.json()["degraded"]:
            return
        time.sleep(0.5)
    raise SystemExit(f"tandem serve does not answer with both legs: {answer.text}")


def from_threads(
    call: Callable[[str], object], texts: Sequence[str], threads: int, seconds: int
) -> Round:
    """Call it with the texts in turn, from so many threads, for so long."""
    until = time.perf_counter() + seconds
    took: list[float] = []

    def work(first: int) -> None:
        own = []
        for text in islice(cycle(texts), first * len(texts) // threads, None):
            began = time.perf_counter()
            if began > until:
                break
            call(text)
            own.append((time.perf_counter() - began) * 1_000)
        took.extend(own)

    began = time.perf_counter()
    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return Round(len(took) / (time.perf_counter() - began), median(took), p99(took))


def prefixes(texts: Sequence[str]) -> list[str]:
    """What people have typed of the queries at some keystroke."""
    return [text[: 3 + number % 12] for number, text in enumerate(texts)]


def paths(route: str, texts: Sequence[str], **further: int) -> list[str]:
    """What asks a route for each text."""
    return [f"{route}?{urlencode({'q': text, **further})}" for text in texts]


def copied(settings: Settings) -> Settings:
    """The settings over a fresh copy of the data folder."""
    folder = settings.data_dir.with_name(f"{settings.data_dir.name}-served")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(settings.data_dir, folder, ignore=shutil.ignore_patterns(LOCK))
    return settings.model_copy(update={"data_dir": folder})


@dataclass
class Measured:
    """All rounds of everything."""

    http: Side = field(default_factory=Side)
    in_process: Side = field(default_factory=Side)
    http_suggest: Side = field(default_factory=Side)
    bare_suggest: Side = field(default_factory=Side)

    def figures(self) -> dict[str, Any]:
        """Medians, and what HTTP's are beside the others'."""
        http, bare = self.http.figures(), self.in_process.figures()
        suggest, bare_suggest = self.http_suggest.figures(), self.bare_suggest.figures()
        return {
            "search_http": http,
            "search_in_process": bare,
            "throughput_ratio": round(http["per_second"] / bare["per_second"], 3),
            "search_p99_ratio": round(http["p99"] / bare["p99"], 3),
            "suggest_http": suggest,
            "suggest_engine_call": bare_suggest,
            "suggest_p99_ratio": round(suggest["p99"] / bare_suggest["p99"], 3),
        }


def measure(settings: Settings, folder: Path, chosen: Any) -> Mapping[str, Any]:
    """Index the folder, serve a copy of it, and let both sides take turns."""
    texts = list(read_askable(folder).queries.values())
    measured = Measured()
    with house(settings) as opened:
        index_folder(opened, folder)
    with served(copied(settings)) as server, tempfile.TemporaryDirectory() as scratch:
        wrk = Wrk(Path(scratch), server.address)
        with house(settings) as opened:
            target = opened.collection(settings.collection)
            searcher, typed = target.searcher(), prefixes(texts)

            def search(text: str) -> object:
                return searcher.search(Query(text, limit=LIMIT))

            def suggest(text: str) -> object:
                return target.lexical.index.suggest(text, limit=SUGGESTED, timeout_seconds=5)

            searches = paths("/v1/search", texts, limit=LIMIT)
            suggestions = paths("/v1/suggest", typed, limit=SUGGESTED)
            from_threads(search, texts, chosen.threads, chosen.seconds)  # warming up
            for _ in range(chosen.warm_rounds):
                wrk.load(searches, chosen.threads, chosen.seconds)
            memory = [server.memory_mb()]
            for _ in range(chosen.rounds):
                measured.in_process.rounds.append(
                    from_threads(search, texts, chosen.threads, chosen.seconds)
                )
                measured.http.rounds.append(wrk.load(searches, chosen.threads, chosen.seconds))
                measured.bare_suggest.rounds.append(from_threads(suggest, typed, 1, chosen.seconds))
                measured.http_suggest.rounds.append(wrk.load(suggestions, 1, chosen.seconds))
                memory.append(server.memory_mb())
    return {
        **measured.figures(),
        "wrk_cpu_share": round(max(wrk.cpu_shares), 3),
        "server_memory_mb": memory,
        "rounds": {
            "search_http_per_second": [round(one.per_second, 1) for one in measured.http.rounds],
            "search_in_process_per_second": [
                round(one.per_second, 1) for one in measured.in_process.rounds
            ],
        },
    }


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folder", type=Path, metavar="BEIR_FOLDER")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument(
        "--warm-rounds",
        type=int,
        default=1,
        help="of the server before; its caches are full, and its memory is flat, after some 10",
    )
    arguments.add_argument("--seconds", type=int, default=10, help="of each round and side")
    arguments.add_argument("--threads", type=int, default=4, help="and connections")
    chosen = arguments.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("there is no wrk: apt-get install wrk")
    settings = benchmark_settings("http-load")
    forget(settings.data_dir, embeddings=False)
    show(measure(settings, chosen.folder, chosen), as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
