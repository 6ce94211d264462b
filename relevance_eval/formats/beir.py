"""BEIR's layout: a folder with ``queries.jsonl`` and a table ``qrels/SPLIT.tsv`` a split.

Columns of a table are separated by tabs: query-id, corpus-id, score; the first line is a heading.
https://github.com/beir-cellar/beir/wiki/Load-your-custom-dataset. A folder stands for its split
``test``; any split can be named by its table. Each of the files may be a gzip.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from relevance_eval.findings import Finding, Findings
from relevance_eval.formats.judged import Grades, JudgedQueries, whole_number
from relevance_eval.formats.text import text_lines, written
from tandem.errors import SourceError

QUERIES = "queries.jsonl"
SPLIT = "test"
HEADING = "query-id\tcorpus-id\tscore"


def is_beir(path: Path) -> bool:
    """Whether it is a folder, or named as a table."""
    return path.is_dir() or path.name.removesuffix(".gz").endswith(".tsv")


def table(folder: Path, split: str = SPLIT) -> Path:
    """The file with the judgments of a split.

    Raises:
        SourceError: there is none.
    """
    return _existing(folder / "qrels" / f"{split}.tsv")


def read_judgments(path: Path) -> JudgedQueries:
    """The judgments of a split, with the texts where the folder has any.

    Raises:
        SourceError: a file is missing or malformed; file and line are named.
    """
    file = table(path) if path.is_dir() else path
    grades = Grades(file)
    for line, columns in _rows(file):
        grade = whole_number(columns[2].strip()) if len(columns) == 3 and all(columns) else None
        if grade is None:
            raise SourceError(
                f"{file}:{line}: expected query-id, corpus-id and a whole number, separated by tabs"
            )
        grades.add(line, columns[0], columns[1], grade)
    folder = file.resolve().parent
    name = folder.parent.name if folder.name == "qrels" else file.name.split(".")[0]
    return grades.judged(name, _texts_beside(file))


def read_queries(path: Path) -> dict[str, str]:
    """The texts of a folder's ``queries.jsonl``, or of such a file: judged or not.

    Raises:
        SourceError: it is missing or malformed; file and line are named.
    """
    file = _existing(path / QUERIES) if path.is_dir() else path
    texts: dict[str, str] = {}
    for line, text in text_lines(file):
        if text.strip():
            query_id, query = _query(file, line, text)
            if texts.setdefault(query_id, query) != query:
                raise SourceError(f"{file}:{line}: query {query_id!r} is there twice")
    return texts


def write_judgments(judged: JudgedQueries, path: Path) -> tuple[Finding, ...]:
    """A new folder with the split ``test``, or a table alone.

    Raises:
        SourceError: an id has a tab or a line's end in it, or it cannot be written.
    """
    findings = Findings(str(path))
    is_table = path.name.removesuffix(".gz").endswith(".tsv")
    if is_table:
        findings.add_all("text_left_out", map(repr, judged.queries))
    lines = [*_lines(judged, findings)]  # what does not fit leaves no half folder
    if is_table:
        _write_table(path, lines)
        return findings.found()
    try:
        (path / "qrels").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SourceError(f"{path}: cannot be made: {error.strerror or error}") from None
    with written(path / QUERIES) as file:
        for query_id, text in judged.queries.items():
            file.write(orjson.dumps({"_id": query_id, "text": text}).decode() + "\n")
    _write_table(path / "qrels" / f"{SPLIT}.tsv", lines)
    return findings.found()


def _lines(judged: JudgedQueries, findings: Findings) -> Iterator[str]:
    for query_id, grades in judged.qrels.items():
        if all(grade is None for grade in grades.values()):
            findings.add("query_left_out", repr(query_id))
        for document_id, grade in grades.items():
            if grade is None:
                findings.add("unjudged_left_out", f"{query_id!r} {document_id!r}")
            else:
                yield f"{_column(query_id)}\t{_column(document_id)}\t{grade}\n"


def _write_table(table: Path, lines: Iterable[str]) -> None:
    with written(table) as file:
        file.write(HEADING + "\n")
        file.writelines(lines)


def _column(name: str) -> str:
    if not name or "\t" in name or "\n" in name or "\r" in name:
        raise SourceError(
            f"the id {name!r} cannot stand in a table whose columns are separated by tabs",
            hint="write JSONL, which holds any id, or give other ids",
        )
    return name


def _texts_beside(table: Path) -> dict[str, str]:
    for name in (QUERIES, f"{QUERIES}.gz"):
        file = table.parent.parent / name
        if table.parent.name == "qrels" and file.is_file():
            return read_queries(file)
    return {}


def _existing(file: Path) -> Path:
    """The file, or the packed one of its name."""
    packed = file.with_name(f"{file.name}.gz")
    if not file.exists() and packed.exists():
        return packed
    if not file.exists():
        raise SourceError(f"{file}: No such file or directory, expected a BEIR folder")
    return file


def _rows(table: Path) -> Iterator[tuple[int, list[str]]]:
    for line, text in text_lines(table):
        columns = text.split("\t")
        is_heading = line == 1 and columns[-1].strip() == "score"
        if text.strip() and not is_heading:
            yield line, columns


def _query(file: Path, line: int, text: str) -> tuple[str, str]:
    try:
        query = orjson.loads(text)
        query_id, asked = query["_id"], query["text"]
    except (ValueError, KeyError, TypeError):
        query_id = asked = None
    if isinstance(query_id, str | int) and isinstance(asked, str):
        return str(query_id), asked
    raise SourceError(f'{file}:{line}: expected a JSON object with "_id" and "text"')
