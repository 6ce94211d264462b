"""How fast documents are accepted: ``python -m benchmarks.catalogue [--json]``.

``DocumentLog.append`` in batches, durable on return, on SQLite or on the database that ``--url``
names (an empty one). Beside it stands the floor: the same rows written by the driver alone into the
same tables, in one transaction a batch.
"""

import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.common import leave_with, parser, show
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url, writing
from tandem.catalog.document_rows import Version, hashed, rows, upsert
from tandem.documents import Document

BATCH = 1_000
BODY_BYTES = 1_000
WORDS = [f"word{number:04}" for number in range(5_000)]


def documents(seed: int, count: int) -> list[Document]:
    """Documents with bodies of about 1 KB, all different."""
    drawn = random.Random(seed)  # noqa: S311 - no secret
    return [
        Document(
            f"document-{drawn.getrandbits(48):015}-{number}",
            " ".join(drawn.choices(WORDS, k=6)),
            " ".join(drawn.choices(WORDS, k=BODY_BYTES // 9)),
            {"year": 1950 + number % 70, "tags": tuple(drawn.sample(WORDS, 3))},
        )
        for number in range(count)
    ]


def per_second(count: int, work: Callable[[], object]) -> float:
    """How many documents a second the work takes."""
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


@contextmanager
def empty_catalogue(url: str | None) -> Iterator[Catalog]:
    """A catalogue in a folder of its own, or at ``url``."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        documents_url = url or file_url(Path(folder) / "documents.sqlite")
        catalog = Catalog(documents_url, file_url(Path(folder) / "embeddings.sqlite"))
        try:
            yield catalog
        finally:
            catalog.close()


def append(catalog: Catalog, collection: str, sent: Sequence[Document]) -> None:
    """Append in batches."""
    for start in range(0, len(sent), BATCH):
        catalog.documents.append(collection, "benchmark", sent[start : start + BATCH])


def write_floor(catalog: Catalog, written: Sequence[Sequence[tuple[Any, ...]]]) -> None:
    """Give rows that are made already to the driver."""
    statement = upsert(catalog.engine)
    for batch in written:
        with writing(catalog.engine) as connection:
            connection.exec_driver_sql(statement, list(batch))


def rounds(catalog: Catalog, count: int, repeats: int) -> dict[str, list[float]]:
    """Documents a second, by kind of work, a figure a round."""
    found: dict[str, list[float]] = {"floor": [], "new": [], "changed": [], "unchanged": []}
    for number in range(repeats):
        sent = documents(number, count)
        changed = [
            Document(item.document_id, item.title, item.body + " more", item.attributes)
            for item in sent
        ]
        versions = [Version(hashed(item), "floor") for item in sent]
        made = [
            rows(f"floor-{number}", versions[start : start + BATCH], start + 1, 0)
            for start in range(0, count, BATCH)
        ]
        name = f"round-{number}"
        for kind, work in (
            ("floor", partial(write_floor, catalog, made)),
            ("new", partial(append, catalog, name, sent)),
            ("unchanged", partial(append, catalog, name, sent)),
            ("changed", partial(append, catalog, name, changed)),
        ):
            found[kind].append(per_second(count, work))
    return found


def main() -> None:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--documents", type=int, default=20_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--url", help="an empty database; a SQLite file in this folder if unset")
    chosen = arguments.parse_args()
    with empty_catalogue(chosen.url) as catalog:
        found = rounds(catalog, chosen.documents, chosen.rounds)
    figures: dict[str, Any] = {
        f"{kind}_documents_per_second": round(median(values)) for kind, values in found.items()
    }
    figures["share_of_floor"] = round(
        median(new / floor for new, floor in zip(found["new"], found["floor"], strict=True)), 3
    )
    figures["rounds"] = {kind: [round(value) for value in values] for kind, values in found.items()}
    show(figures, as_json=chosen.json)


if __name__ == "__main__":
    leave_with(main)
