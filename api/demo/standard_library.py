"""The standard library as people import it: which definition is found under which public name.

``asyncio.gather`` is written in ``asyncio/tasks.py``, ``csv.reader`` in C, and ``random.randint``
is a method of a hidden instance. One definition gets one name: of several, one in ``__all__`` goes
before one that ``__all__`` leaves out, then the shorter path, then the shorter name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from api.demo.compiled_module import PUBLIC_MODULES, SAFE_MODULES, read_compiled, read_unnamed
from api.demo.definitions import Definition
from api.demo.library_map import STAND_INS, is_public, module_files
from api.demo.source_module import Import, SourceModule, read_source

Members = Mapping[str, Definition]

_HIDDEN_CONTEXT = ("multiprocessing", "multiprocessing.context", "BaseContext")
"""This package copies the bound methods of a context into itself while it is imported."""

_COMPILED_NAMES = {
    ("multiprocessing", "Process"): ("multiprocessing.process", "BaseProcess"),
    ("threading", "Lock"): ("_thread", "allocate_lock"),
    ("threading", "get_ident"): ("_thread", "get_ident"),
    **{
        ("hashlib", name): ("_hashlib", f"openssl_{name}")
        for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_512")
    },
    ("hashlib", "blake2b"): ("_blake2", "blake2b"),
    ("hashlib", "blake2s"): ("_blake2", "blake2s"),
}
"""(module, public name) -> (module, name) of what is assigned there by a computation."""


@dataclass(frozen=True, slots=True)
class Module:
    """A public module: its documentation, source lines (0 if compiled) and definitions by name."""

    name: str
    doc: str
    lines: int
    deprecated: bool
    members: Members


@dataclass(slots=True)
class StandardLibrary:
    """Every readable module. ``skipped`` maps a file or compiled module to the reason why not."""

    sources: dict[str, SourceModule] = field(default_factory=dict)
    compiled: dict[str, tuple[str, Members]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def modules(self) -> Iterator[Module]:
        """The public modules by name; each definition is in one of them."""
        public: dict[str, Members] = {
            name: self._members(name, ()) for name in self.sources if is_public(name)
        }
        public |= {
            name: self.compiled[name][1]
            for name in PUBLIC_MODULES
            if name in self.compiled and name not in public
        }
        chosen = self._chosen_names(public)
        for name in sorted(public):
            source = self.sources.get(name)
            own = {
                member: definition
                for member, definition in sorted(public[name].items())
                if chosen[id(definition)] == (name, member)
            }
            lines, retired = (source.lines, source.deprecated) if source else (0, False)
            yield Module(name, self._doc(name), lines, retired, own)

    def _chosen_names(self, public: Mapping[str, Members]) -> dict[int, tuple[str, str]]:
        best: dict[int, tuple[tuple[bool, int, int, str], tuple[str, str]]] = {}
        for module, members in public.items():
            exports = self.sources[module].exports if module in self.sources else None
            for member, definition in members.items():
                unlisted = exports is not None and member not in exports
                path = f"{module}.{member}"
                cost = (unlisted, module.count("."), len(path), path)
                if id(definition) not in best or cost < best[id(definition)][0]:
                    best[id(definition)] = (cost, (module, member))
        return {key: name for key, (_, name) in best.items()}

    def _doc(self, name: str) -> str:
        """A module's documentation; ``csv`` imports its own, others leave it to their C half."""
        source = self.sources.get(name)
        borrowed = (
            [item.module for item in source.imports if item.name == "__doc__"] if source else []
        )
        if source and source.doc and not borrowed:
            return source.doc
        candidates = (*borrowed, name, f"_{name}")
        return next((self.compiled[item][0] for item in candidates if item in self.compiled), "")

    def _members(self, name: str, asking: tuple[str, ...]) -> dict[str, Definition]:
        """The public definitions of a module by name, those it re-exports included."""
        source = self.sources.get(name)
        if source is None:
            return dict(self.compiled[name][1]) if name in self.compiled else {}
        if name in asking:
            return {}
        found = self._imported(source, (*asking, name))
        for member, definition in list(source.definitions.items()):
            if not _is_listed(source, member):
                continue
            complete = self._with_hidden_bases(source, definition)
            found[member] = source.definitions[member] = _merged(complete, found.get(member))
        found |= self._second_names(source, found)
        found |= self._computed(source, found)
        return found

    def _imported(self, source: SourceModule, asking: tuple[str, ...]) -> dict[str, Definition]:
        """What a module re-exports; Python source goes before compiled code of the same name."""
        found: dict[str, Definition] = {}
        for item in sorted(source.imports, key=lambda item: item.module not in self.sources):
            if item.name == "*":
                for member, definition in self._members(item.module, asking).items():
                    if item.module in self.compiled or _is_listed(source, member):
                        known = found.get(member)
                        found[member] = _merged(known, definition) if known else definition
            elif self._is_reexport(source, item.module, item.alias):
                named = self._lookup(item.module, item.name, asking)
                if named is not None:
                    found.setdefault(item.alias, named)
        return found

    def _is_reexport(self, source: SourceModule, origin: str, alias: str) -> bool:
        if source.exports is not None:
            return _is_listed(source, alias)
        hidden = origin.rpartition(".")[2].startswith("_") or origin.startswith(f"{source.name}.")
        return hidden and not alias.startswith("_")

    def _lookup(self, module: str, name: str, asking: tuple[str, ...] = ()) -> Definition | None:
        source = self.sources.get(module)
        if source is not None and name in source.definitions:
            return self._with_hidden_bases(source, source.definitions[name])
        return self._members(module, asking).get(name)

    def _second_names(self, source: SourceModule, found: Members) -> dict[str, Definition]:
        """Aliases, and methods of a hidden instance that the module offers as functions."""
        offered = {}
        for name, first in source.aliases.items():
            definition = source.definitions.get(first)
            if _is_listed(source, name) and name not in found and definition:
                offered[name] = replace(definition, name=name)
        for name, (owner, method) in source.bound.items():
            holder = found.get(owner) or source.definitions.get(owner)
            if _is_listed(source, name) and holder and method in holder.members:
                offered[name] = replace(holder.members[method], kind="function", name=name)
        return offered

    def _computed(self, source: SourceModule, found: Members) -> dict[str, Definition]:
        """What a table or ``__all__`` promises and no statement defines."""
        offered: dict[str, Definition] = {}
        package, module, owner = _HIDDEN_CONTEXT
        context = self._lookup(module, owner) if source.name == package else None
        if context is not None:
            for name, method in context.members.items():
                offered[name] = replace(method, kind="function")
        for (home, name), (module, target) in _COMPILED_NAMES.items():
            definition = self._lookup(module, target) if home == source.name else None
            if definition is not None:
                offered[name] = definition
        for name in sorted((source.exports or set()) - found.keys() - offered.keys()):
            for module in self._submodules(source.name):
                if _is_listed(source, name) and name in self.sources[module].definitions:
                    offered[name] = self.sources[module].definitions[name]
        return offered

    def _submodules(self, package: str) -> list[str]:
        return [name for name in self.sources if name.rpartition(".")[0] == package]

    def _with_hidden_bases(self, source: SourceModule, definition: Definition) -> Definition:
        """A class on a base that has no public name, as ``socket.socket`` is: what the base
        documents is documented as its own.

        The same definition comes back each time, because identity says what is one definition.
        """
        for base in definition.bases:
            hidden = self._hidden_class(source, base)
            if hidden is not None:
                documented = {name: item for name, item in definition.members.items() if item.doc}
                definition = replace(
                    definition,
                    doc=definition.doc or hidden.doc,
                    members={**definition.members, **hidden.members, **documented},
                    bases=tuple(other for other in definition.bases if other != base),
                )
        source.definitions[definition.name] = definition
        return definition

    def _hidden_class(self, source: SourceModule, base: str) -> Definition | None:
        """The class behind a base's name, where it is compiled, private or of a private module."""
        module, _, name = base.rpartition(".")
        if name.startswith("_") and not module and name in source.definitions:
            return self._with_hidden_bases(source, source.definitions[name])
        if not module:
            origins = [item for item in source.imports if item.alias == name]
            module, name = (origins[0].module, origins[0].name) if origins else ("", name)
        if module in SAFE_MODULES:
            return self.compiled.get(module, ("", {}))[1].get(name)
        other = self.sources.get(module)
        if other is None or is_public(module) or module == source.name:
            return None
        return other.definitions.get(name)


def _merged(definition: Definition, twin: Definition | None) -> Definition:
    """A Python definition with what only its compiled twin documents, as in ``datetime``.

    Without anything to add the same object comes back, because identity says what is one.
    """
    if twin is None or twin.lines:
        return definition
    if twin.doc and not definition.doc:
        return twin
    missing = {
        name: item
        for name, item in twin.members.items()
        if item.doc and not (name in definition.members and definition.members[name].doc)
    }
    return replace(definition, members={**definition.members, **missing}) if missing else definition


def read_library(folder: Path) -> StandardLibrary:
    """Read the standard library in a folder; what cannot be read is skipped and named."""
    library = StandardLibrary()
    for name, file in module_files(folder):
        try:
            library.sources[name] = read_source(name, file)
        except (OSError, SyntaxError, ValueError) as error:
            library.skipped[str(file)] = f"{type(error).__name__}: {error}"
    for name in sorted(SAFE_MODULES):
        try:
            library.compiled[name] = read_compiled(name)
        except ImportError as error:
            library.skipped[name] = str(error)
    _add_stand_ins(library)
    _add_unnamed(library)
    return library


def _add_stand_ins(library: StandardLibrary) -> None:
    for public, private in STAND_INS.items():
        source = library.sources.get(private)
        if source is not None:
            missing = replace(source, name=public, definitions={}, imports=[])
            target = library.sources.setdefault(public, missing)
            target.imports.append(Import(private, "*", "*"))


def _add_unnamed(library: StandardLibrary) -> None:
    for (module, name), definition in read_unnamed().items():
        if module in library.sources:
            library.sources[module].definitions[name] = definition


def _is_listed(source: SourceModule, name: str) -> bool:
    return not name.startswith("_") and (source.exports is None or name in source.exports)
