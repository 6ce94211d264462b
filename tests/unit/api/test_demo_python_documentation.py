"""The standard library as a collection: what is in it, under which name, and what is imported."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from api.demo.library_map import OTHER, SECTIONS, module_files
from api.demo.python_documentation import PythonDocumentation, Record, standard_library_folder
from tandem.documents import Document
from tandem.fields import FieldType
from tandem.schema import infer_schema

Records = dict[str, Record]
ATTRIBUTES = {"module", "package", "kind", "section", "lines", "deprecated"}


@pytest.fixture(scope="module")
def records() -> Records:
    """Every record by id."""
    return {str(record["id"]): record for record in PythonDocumentation()}


@pytest.mark.parametrize(
    ("name", "kind", "module", "section"),
    [
        ("csv", "module", "csv", "File formats"),
        ("csv.DictReader", "class", "csv", "File formats"),
        ("csv.reader", "function", "csv", "File formats"),  # written in C
        ("pathlib.Path.glob", "method", "pathlib", "Files and folders"),
        ("pathlib.PurePath.suffix", "property", "pathlib", "Files and folders"),
        ("os.path.join", "function", "os.path", "Files and folders"),
        ("os.mkdir", "function", "os", "Operating system"),  # C, offered by a Python module
        ("heapq.heappush", "function", "heapq", "Data types"),  # Python with a C twin
        ("asyncio.gather", "function", "asyncio", "Concurrency"),  # from a submodule
        ("concurrent.futures.ThreadPoolExecutor", "class", "concurrent.futures", "Concurrency"),
        ("multiprocessing.Pool", "function", "multiprocessing", "Concurrency"),
        ("multiprocessing.Process", "class", "multiprocessing", "Concurrency"),
        ("random.randint", "function", "random", "Numbers"),  # a hidden instance's method
        ("socket.socket.recv", "method", "socket", "Networking"),  # from a compiled base
        ("argparse.ArgumentParser.add_argument", "method", "argparse", "Command line"),
        ("collections.abc.Mapping", "class", "collections.abc", "Data types"),
        ("decimal.Decimal", "class", "decimal", "Numbers"),
        ("datetime.datetime.astimezone", "method", "datetime", "Data types"),
        ("bisect.insort", "function", "bisect", "Data types"),  # a second name
        ("re.Pattern.sub", "method", "re", "Text"),
        ("hashlib.sha256", "function", "hashlib", "Cryptography"),
        ("str.split", "method", "builtins", "Built-ins"),
        ("sorted", "function", "builtins", "Built-ins"),
        ("math.gcd", "function", "math", "Numbers"),
    ],
)
def test_what_people_use_is_found_under_the_name_they_use(
    records: Records, name: str, kind: str, module: str, section: str
) -> None:
    """Kind, module and section are right, wherever the definition itself is written."""
    record = records[name]
    assert (record["kind"], record["module"], record["section"]) == (kind, module, section)
    assert record["package"] == module.partition(".")[0]
    assert name in str(record["title"])


def test_a_body_holds_signature_docstring_and_module(records: Records) -> None:
    """The text to search is what the source says, with the line that names the module."""
    body = str(records["json.dumps"]["body"])
    assert body.startswith("json.dumps(obj, *, skipkeys=False")
    assert "Serialize ``obj`` to a JSON formatted ``str``." in body
    assert "\n\nIn json: JSON (JavaScript Object Notation)" in body


def test_a_camel_case_name_brings_its_words(records: Records) -> None:
    """A title in CamelCase can be found by its words; others stay as they are."""
    assert records["csv.DictReader"]["title"] == "csv.DictReader (dict reader)"
    assert records["os.walk"]["title"] == "os.walk"


def test_lines_are_counted_in_source_alone(records: Records) -> None:
    """Source has a length in lines, compiled code has none."""
    names = ("heapq", "heapq.heappush", "math.gcd")
    whole, function, compiled = (int(records[name]["lines"]) for name in names)
    assert whole > function >= 3
    assert compiled == 0


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the module went with Python 3.13")
def test_a_deprecated_module_says_so_in_all_its_records(records: Records) -> None:
    """Both the module and what is in it carry the mark; a warning class does not by its subject."""
    assert records["telnetlib"]["deprecated"] is True
    assert records["telnetlib.Telnet"]["deprecated"] is True
    assert records["DeprecationWarning"]["deprecated"] is False
    assert records["csv.DictReader"]["deprecated"] is False


def test_private_test_and_bundled_modules_are_left_out(records: Records) -> None:
    """No part of a name is private, and no module is one that only others use."""
    assert not [name for name in records for part in name.split(".") if part.startswith("_")]
    packages = {record["package"] for record in records.values()}
    assert not packages & {"test", "idlelib", "lib2to3", "turtledemo", "ensurepip", "encodings"}
    assert not packages & {"antigravity", "this", "ntpath", "genericpath"}
    modules = {str(record["module"]) for record in records.values()}
    assert not {name for name in modules if {"test", "tests"} & set(name.split("."))}


def test_the_collection_is_of_a_size_that_a_laptop_indexes_in_minutes(records: Records) -> None:
    """Thousands of records, fewer than three minutes of embedding allow; every kind is there."""
    assert 5_000 <= len(records) <= 8_000
    characters = sum(len(str(item["title"])) + len(str(item["body"])) for item in records.values())
    assert characters / 4 <= 700_000
    kinds = Counter(record["kind"] for record in records.values())
    assert min(kinds[kind] for kind in ("module", "class", "function", "method", "property")) > 50


def test_ids_are_unique_and_the_order_is_always_the_same(records: Records) -> None:
    """Two readings give the same records in the same order, and no id twice."""
    again = list(PythonDocumentation())
    assert again == list(records.values())
    assert len({record["id"] for record in again}) == len(again)


def test_records_have_the_fields_of_a_jsonl_line(records: Records) -> None:
    """Each record is plain JSON with the declared attributes and some text."""
    assert json.loads(json.dumps(records)) == records
    for record in records.values():
        assert record.keys() == {"id", "title", "body"} | ATTRIBUTES
        assert str(record["body"]).strip()


def test_every_attribute_can_be_filtered(records: Records) -> None:
    """The inferred schema gives each attribute the type that its values have."""
    documents = [
        Document(name, attributes={key: record[key] for key in ATTRIBUTES})
        for name, record in records.items()
    ]
    schema = infer_schema(document.attributes for document in documents)
    found = {field.name: field.type for field in schema.filterable_fields}
    words = dict.fromkeys(("module", "package", "kind", "section"), FieldType.KEYWORD)
    assert found == words | {"lines": FieldType.INTEGER, "deprecated": FieldType.BOOLEAN}


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="the table was made on Python 3.11")
def test_the_table_of_sections_covers_the_library(records: Records) -> None:
    """No module that this project knows of falls among the others; the table holds no stranger."""
    others = {record["module"] for record in records.values() if record["section"] == OTHER}
    assert others == set()
    newer = {"annotationlib", "compression", "profiling"}
    assert SECTIONS.keys() - newer - {"os.path"} <= sys.stdlib_module_names


def test_no_source_file_is_imported() -> None:
    """Reading the library in a fresh process imports no module of it that has a source file."""
    program = (
        "import sys, json\n"
        "import api.demo.python_documentation as demo\n"
        "demo.standard_library_folder()\n"
        "before = set(sys.modules)\n"
        "count = sum(1 for _ in demo.PythonDocumentation())\n"
        "new = [sys.modules[name] for name in set(sys.modules) - before]\n"
        "files = [getattr(module, '__file__', None) or '' for module in new]\n"
        "print(json.dumps([count, [name for name in files if name.endswith('.py')]]))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    count, imported = json.loads(finished.stdout)
    assert count > 5_000
    assert {Path(name).stem for name in imported} <= {"_compat_pickle", "copyreg"}


def test_unreadable_files_are_skipped_and_named(tmp_path: Path) -> None:
    """A file that is no Python, one in no encoding and a missing one stop nothing."""
    (tmp_path / "csv.py").write_text('"""Comma things."""\n\ndef reader(f):\n    """Read."""\n')
    (tmp_path / "json.py").write_text("def broken(:\n")
    (tmp_path / "shelve.py").write_bytes(b"# caf\xe9\n")
    (tmp_path / "glob.py").write_bytes(b"x = 1\0\n")
    collection = PythonDocumentation(folder=tmp_path)
    records = {record["id"]: record for record in collection}
    assert str(records["csv.reader"]["body"]).startswith("csv.reader(f)\n\nRead.\n\nIn csv: Comma")
    assert "json" not in records
    assert "math.gcd" in records
    skipped = {Path(name).name for name in collection.skipped if name.endswith(".py")}
    assert skipped == {"json.py", "shelve.py", "glob.py"}
    assert all(collection.skipped.values())


def test_a_folder_without_source_leaves_the_compiled_modules(tmp_path: Path) -> None:
    """An interpreter shipped without its sources still gives what the running process knows."""
    records = {str(record["id"]) for record in PythonDocumentation(folder=tmp_path / "nowhere")}
    assert {"sorted", "math.gcd", "str.split"} <= records
    assert "csv.DictReader" not in records


def test_the_folder_of_this_interpreter_holds_the_library() -> None:
    """The default folder is the running interpreter's own."""
    found = dict(module_files(standard_library_folder()))
    assert {"csv", "os.path", "asyncio.tasks", "xml.etree.ElementTree"} <= found.keys()
    assert "test" not in found
