"""What writing over HTTP costs: ``python -m benchmarks.http_ingestion BEIR_FOLDER [--json]``.

The first documents of the folder are indexed from a JSON lines file as ``tandem index`` does, and
sent to ``POST /v1/documents:batch`` by curl, each into an empty data folder with nothing cached and
the same embedder, and each until both indexes are current. They take turns, because machines drift;
the goal is 0.8 of the throughput of ``tandem index``. Beside it stands the same ratio of this
process's time on the processor, which a busy machine disturbs less.
"""

import subprocess
import tempfile
import threading
import time
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

import orjson

from api.bootstrap import House, open_house
from api.document_shape import told
from api.embedders import load_embedder
from api.listening import bound_to, listening
from api.owner import Owner
from api.serving import Serving
from api.web import create_web
from benchmarks.common import benchmark_settings, forget, house, leave_with, parser, show
from indexer.indexing import Intake, NamedSource
from indexer.rejects import RejectsFile
from indexer.sources.registry import open_source
from indexer.validation import Validator
from tandem.documents import Document
from tandem.protocols import Embedder
from tandem.schema import infer_schema
from tandem.settings import Settings

POLL_SECONDS = 0.2


class Spent(NamedTuple):
    """How long something took: by the clock, and on the processor, all threads together."""

    seconds: float
    processor_seconds: float


class Watch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._begun = Spent(time.perf_counter(), time.process_time())

    def spent(self) -> Spent:
        """So far."""
        now = Spent(time.perf_counter(), time.process_time())
        return Spent(*(one - other for one, other in zip(now, self._begun, strict=True)))


class Files(NamedTuple):
    """The same documents: as ``tandem index`` reads them, and as a batch has them."""

    records: Path
    lines: Path
    total: int


def written(folder: Path, count: int, to: Path) -> Files:
    """The first documents of a folder in both shapes."""
    validator = Validator(infer_schema([]))
    outcomes = (validator.document(record) for record in open_source(str(folder), "beir"))
    documents = [*islice((item for item in outcomes if isinstance(item, Document)), count)]
    records, lines = to / "records.jsonl", to / "lines.ndjson"
    with records.open("wb") as one, lines.open("wb") as other:
        for document in documents:
            content = told(document)
            record = {"id": document.document_id, **content.pop("attributes"), **content}
            line = {"document_id": document.document_id, "document": told(document)}
            one.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
            other.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    return Files(records, lines, len(documents))


def made(opened: House) -> None:
    """The empty collection: how long that takes is not asked."""
    opened.create_collection(opened.settings.collection, infer_schema([]))


def indexed(settings: Settings, files: Files, embedder: Embedder) -> Spent:
    """How long indexing the file takes."""
    forget(settings.data_dir, embeddings=True)
    with house(settings, embedder) as opened:
        made(opened)
        target = opened.collection(settings.collection)
        with RejectsFile(settings.data_dir / "rejects.jsonl") as rejects:
            intake = Intake(Validator(target.generation.schema), rejects)
            source = NamedSource("file", open_source(str(files.records), "jsonl"))
            watch = Watch()
            report = target.indexer.index([source], intake)
            spent = watch.spent()
    assert report.accepted == files.total, report
    assert not report.failed_legs, report.failed_legs
    return spent


def sent(settings: Settings, files: Files, embedder: Embedder) -> Spent:
    """How long it takes until a server shows what a batch has brought."""
    forget(settings.data_dir, embeddings=True)
    with open_house(settings, "a benchmark", embedder=embedder, follows=True) as opened:
        made(opened)
        owner = Owner(opened)
        owner.start()
        try:
            with (
                closing(Serving(opened)) as serving,
                listening(
                    create_web(serving), bound_to("127.0.0.1", 0), threading.Event()
                ) as address,
            ):
                watch = Watch()
                summary = batch(address, files.lines)
                collection = opened.collection(settings.collection)
                while collection.behind:
                    time.sleep(POLL_SECONDS)
                spent = watch.spent()
        finally:
            owner.close()
    assert summary["created"] == files.total, summary
    return spent


def batch(address: str, lines: Path) -> dict[str, int]:
    """What a batch says at its end."""
    command = [
        "curl", "--silent", "--show-error", "--request", "POST", "--upload-file", str(lines),
        "--header", "Content-Type: application/x-ndjson", f"{address}/v1/documents:batch",
    ]  # fmt: skip
    reply = subprocess.run(command, check=True, capture_output=True).stdout
    summary: dict[str, int] = orjson.loads(reply.splitlines()[-1])["summary"]
    return summary


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("folder", type=Path, metavar="BEIR_FOLDER")
    arguments.add_argument("--documents", type=int, default=1_000)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    settings = benchmark_settings("http_ingestion")
    embedder = load_embedder(settings.embedding, settings.cache_dir)
    with tempfile.TemporaryDirectory() as place:
        files = written(chosen.folder, chosen.documents, Path(place))
        rounds = [
            (indexed(settings, files, embedder), sent(settings, files, embedder))
            for _ in range(chosen.rounds)
        ]
    ratios = [one.seconds / other.seconds for one, other in rounds]
    on_processor = [one.processor_seconds / other.processor_seconds for one, other in rounds]
    figures = {
        "ratio": round(median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "processor_ratio": round(median(on_processor), 3),
        "processor_ratios": [round(ratio, 3) for ratio in on_processor],
        "indexing_seconds": [round(one.seconds, 2) for one, _ in rounds],
        "http_seconds": [round(other.seconds, 2) for _, other in rounds],
        "documents": files.total,
    }
    show(figures, as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
