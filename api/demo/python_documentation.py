"""The documentation of Python's own standard library, as documents to search.

It is read from the running interpreter's source files, so every machine has it, in the version that
its owner works with. No source file is imported; see ``compiled_module`` for what has no source.
"""

import re
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from api.demo.definitions import Definition, is_deprecated
from api.demo.library_map import section_of
from api.demo.standard_library import Module, read_library

Record = dict[str, str | int | bool]

_CAMEL_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def standard_library_folder() -> Path:
    """Where this interpreter keeps its standard library."""
    return Path(sysconfig.get_path("stdlib"))


@dataclass(slots=True)
class PythonDocumentation:
    """One record a module, class, function, method and property, in the order of module and name.

    A record is what a line of a JSONL file would hold: ``id`` (the public name), ``title``,
    ``body``, and the attributes ``module``, ``package`` (its first part), ``kind``, ``section``,
    ``lines`` (of source; 0 for compiled code) and ``deprecated``. Modules, classes and functions
    come with or without a docstring, methods and properties only with one. ``skipped`` maps what
    could not be read to the reason, once the records have been read.
    """

    folder: Path = field(default_factory=standard_library_folder)
    skipped: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Record]:
        library = read_library(self.folder)
        self.skipped = dict(library.skipped)
        seen: set[str] = set()
        for module in library.modules():
            for record in _module_records(module):
                if record["id"] not in seen:
                    seen.add(str(record["id"]))
                    yield record


def _module_records(module: Module) -> Iterator[Record]:
    if module.doc or module.members:
        body = module.doc or f"Names: {', '.join(module.members)}"
        yield _record(module, module.name, "module", body, module.lines)
    prefix = "" if module.name == "builtins" else f"{module.name}."
    for name, definition in module.members.items():
        yield from _definition_records(module, prefix + name, definition)


def _definition_records(module: Module, name: str, definition: Definition) -> Iterator[Record]:
    about = f"In {module.name}: {_summary(module.doc)}" if module.doc else f"In {module.name}."
    body = _body(name, definition, about)
    yield _record(module, name, definition.kind, body, definition.lines) | {
        "deprecated": module.deprecated or is_deprecated(definition.doc)
    }
    for member in sorted(definition.members):
        inner = definition.members[member]
        if inner.doc:
            yield from _definition_records(module, f"{name}.{member}", inner)


def _record(module: Module, name: str, kind: str, body: str, lines: int) -> Record:
    return {
        "id": name,
        "title": _title(name),
        "body": body,
        "module": module.name,
        "package": module.name.partition(".")[0],
        "kind": kind,
        "section": section_of(module.name),
        "lines": lines,
        "deprecated": module.deprecated,
    }


def _title(name: str) -> str:
    """The public name, followed by the words of its CamelCase parts, so that they are found."""
    words = [
        " ".join(part.lower() for part in _CAMEL_PART.findall(piece))
        for piece in name.split(".")
        if piece != piece.lower() and len(_CAMEL_PART.findall(piece)) > 1
    ]
    return f"{name} ({', '.join(words)})" if words else name


def _body(name: str, definition: Definition, about: str) -> str:
    """What the source says of a definition, then the line that tells which module it is in."""
    parts = [f"{name}{definition.signature}", definition.doc]
    if definition.kind == "class" and not definition.doc:
        bases = ", ".join(definition.bases)
        parts.append(f"Base classes: {bases}" if bases else "")
        parts.append(
            f"Methods: {', '.join(sorted(definition.members))}" if definition.members else ""
        )
    return "\n\n".join(part for part in (*parts, about) if part)


def _summary(doc: str) -> str:
    """The first paragraph of a documentation text on one line, at most 200 characters."""
    text = " ".join(doc.strip().partition("\n\n")[0].split())
    return text if len(text) <= 200 else f"{text[:197]}..."
