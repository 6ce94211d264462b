"""The demo's documents as a source, like a file's."""

from collections.abc import Iterator

from api.demo.python_documentation import PythonDocumentation
from indexer.sources.records import Place, Record


class DemoRecords:
    """The documentation of Python's standard library; each iteration reads it again."""

    location = "python-documentation"

    def __iter__(self) -> Iterator[Record]:
        for fields in PythonDocumentation():
            yield Record(Place(f"{self.location}/{fields['module']}"), fields)

    def progress(self) -> None:
        """Unknowable: the library is read at once."""
