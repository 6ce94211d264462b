"""One module of Python source, read with ``ast`` and never imported."""

import ast
import inspect
import re
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from api.demo.definitions import Definition, is_deprecated

_LONGEST_SIGNATURE = 300
_LEGAL = re.compile(r"^.*(?:copyright|licen[cs]e).*$", re.IGNORECASE | re.MULTILINE)
_WARNS_OF_ITSELF = "warnings._deprecated(__name__"
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Import:
    """``from module import name as alias``; a star import has the name ``*``."""

    module: str
    name: str
    alias: str


@dataclass(slots=True)
class SourceModule:
    """What one source file says. ``exports`` is ``__all__``, None where it is absent or computed;
    ``deprecated`` says that importing it warns, or that its documentation does.

    ``bound`` maps a module-level name to the class and method that it calls on a hidden instance,
    as ``random.randint`` is ``Random.randint``; ``aliases`` a second name to the first.
    """

    name: str
    doc: str
    lines: int
    deprecated: bool = False
    exports: frozenset[str] | None = None
    definitions: dict[str, Definition] = field(default_factory=dict)
    imports: list[Import] = field(default_factory=list)
    bound: dict[str, tuple[str, str]] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)


def read_source(name: str, file: Path) -> SourceModule:
    """Read a module's definitions from its file.

    Raises:
        OSError: the file cannot be read.
        SyntaxError, ValueError: it is not Python source.

    """
    with tokenize.open(file) as stream:
        text = stream.read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    lines = text.splitlines()
    doc = _docstring(tree) or _LEGAL.split(_comment_from(lines, 0))[0].strip()
    retired = _WARNS_OF_ITSELF in text or is_deprecated(doc)
    module = SourceModule(name, doc, len(lines), retired, _exports(tree))
    _Reader(module, lines, is_package=file.stem == "__init__").read(tree.body)
    return module


class _Reader:
    """Walks the statements that run when a module is imported, its branches included."""

    def __init__(self, module: SourceModule, lines: Sequence[str], *, is_package: bool) -> None:
        self.module = module
        self.lines = lines
        self.package = module.name if is_package else module.name.rpartition(".")[0]
        self.instances: dict[str, str] = {}

    def read(self, statements: Sequence[ast.stmt]) -> None:
        for node in _flattened(statements):
            if isinstance(node, ast.ClassDef | _Function):
                self._define(node)
            elif isinstance(node, ast.ImportFrom):
                self._import(node)
            elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                self._assign(node.targets[0], node.value)

    def _define(self, node: ast.ClassDef | _Function) -> None:
        known = self.module.definitions.get(node.name)
        if known is None or not known.doc:
            self.module.definitions[node.name] = _definition(node, self.lines, "function")

    def _import(self, node: ast.ImportFrom) -> None:
        origin = node.module or ""
        if node.level:
            parts = self.package.split(".")
            base = parts[: len(parts) - node.level + 1]
            origin = ".".join([*base, origin] if origin else base)
        for alias in node.names:
            self.module.imports.append(Import(origin, alias.name, alias.asname or alias.name))

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if not isinstance(target, ast.Name):
            return
        match value:
            case ast.Name(id=name):
                self.module.aliases[target.id] = name
            case ast.Constant(value=str(text)) if target.id == "__doc__":
                self.module.doc = inspect.cleandoc(text).strip()
            case ast.Call(func=ast.Name(id=class_name)):
                self.instances[target.id] = class_name
            case ast.Attribute(value=ast.Name(id=instance), attr=method):
                if instance in self.instances:
                    self.module.bound[target.id] = (self.instances[instance], method)


def _flattened(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in statements:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            yield from _flattened(node.body)
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                yield from _flattened(handler.body)
        if isinstance(node, ast.If | ast.Try):
            yield from _flattened(node.orelse)


def _definition(
    node: ast.ClassDef | _Function, lines: Sequence[str], function_kind: str
) -> Definition:
    count = (node.end_lineno or node.lineno) - node.lineno + 1
    if isinstance(node, ast.ClassDef):
        return _class(node, lines, count)
    is_method = function_kind == "method"
    kind = "property" if is_method and _is_property(node) else function_kind
    signature = "" if kind == "property" else _signature(node, drop_first=is_method)
    doc = _docstring(node) or ("" if is_method else _comment_above(lines, node))
    return Definition(kind, node.name, signature, doc, count)


def _class(node: ast.ClassDef, lines: Sequence[str], count: int) -> Definition:
    """A class, its constructor's documentation joined to its own: people look for one of them."""
    signature = ""
    docs: list[str] = [_docstring(node) or _comment_above(lines, node)]
    members: dict[str, Definition] = {}
    for child in _flattened(node.body):
        if not isinstance(child, ast.ClassDef | _Function):
            continue
        if child.name == "__init__" and isinstance(child, _Function):
            signature = _signature(child, drop_first=True)
            docs.append(_docstring(child))
        elif not child.name.startswith("_") and not _is_setter(child):
            members.setdefault(child.name, _definition(child, lines, "method"))
    doc = "\n\n".join(filter(None, docs))
    bases = tuple(ast.unparse(base) for base in node.bases)
    return Definition("class", node.name, signature, doc, count, bases, members)


def _docstring(node: ast.Module | ast.ClassDef | _Function) -> str:
    return (ast.get_docstring(node) or "").strip()


def _is_property(node: _Function) -> bool:
    names = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(names & {"property", "cached_property"})


def _is_setter(node: ast.ClassDef | _Function) -> bool:
    return any(
        isinstance(decorator, ast.Attribute) and decorator.attr in {"setter", "deleter"}
        for decorator in node.decorator_list
    )


def _signature(node: _Function, *, drop_first: bool) -> str:
    """The arguments without annotations; a method's first one goes unless it is static."""
    arguments = node.args
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    static = any(ast.unparse(decorator) == "staticmethod" for decorator in node.decorator_list)
    if drop_first and not static:
        first = arguments.posonlyargs or arguments.args
        if first and len(arguments.defaults) < len(arguments.posonlyargs) + len(arguments.args):
            del first[0]
    text = f"({ast.unparse(arguments)})"
    return text if len(text) <= _LONGEST_SIGNATURE else f"{text[: _LONGEST_SIGNATURE - 4]}...)"


def _comment_above(lines: Sequence[str], node: ast.ClassDef | _Function) -> str:
    """The comment right above a definition, which ``pydoc`` shows too where no docstring is."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    start = first
    while start and lines[start - 1].lstrip().startswith("#"):
        start -= 1
    return _comment_from(lines[:first], start)


def _comment_from(lines: Sequence[str], start: int) -> str:
    """The comment that begins at a line, without its marks and ruled lines."""
    found = []
    for line in lines[start:]:
        if not line.lstrip().startswith("#"):
            break
        text = line.lstrip().lstrip("#").rstrip().removeprefix(" ")
        if not text.startswith("!") and (not text or any(letter.isalnum() for letter in text)):
            found.append(text)
    return inspect.cleandoc("\n".join(found)).strip()


def _exports(tree: ast.Module) -> frozenset[str] | None:
    """The names in ``__all__``, as far as they are written out; None where it is not a list."""
    found: set[str] | None = None
    for node in _flattened(tree.body):
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                found = _texts(value)
            case ast.AugAssign(target=ast.Name(id="__all__"), value=value) if found is not None:
                found |= _texts(value) or set()
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__")), args=[value])
            ) if found is not None:
                found |= _texts(value) or set()
    return None if found is None else frozenset(found)


def _texts(node: ast.expr) -> set[str] | None:
    if isinstance(node, ast.Constant):
        return {str(node.value)}
    if isinstance(node, ast.List | ast.Tuple):
        return {str(item.value) for item in node.elts if isinstance(item, ast.Constant)}
    return None
