"""Modules written in C: they have no source to read, so a fixed list of them is imported.

Importing one of these defines functions and classes and does nothing else; ``_pickle`` alone brings
the table ``_compat_pickle`` along. Left out are ``readline``, which takes over the terminal, and
modules that import a package of Python code.
"""

import builtins
import inspect
import re
import types
from importlib import import_module

from api.demo.definitions import Definition

_PUBLIC = (
    "array atexit binascii builtins cmath errno faulthandler fcntl gc grp itertools marshal math "
    "mmap pwd resource select sys syslog termios time unicodedata zlib"
)
_BEHIND_PYTHON_MODULES = (
    "_blake2 _bz2 _codecs _collections _contextvars _csv _datetime _functools _hashlib _io _lzma "
    "_operator _pickle _queue _random _signal _socket _sqlite3 _sre _ssl _string _struct _thread "
    "_tracemalloc _weakref posix"
)
PUBLIC_MODULES = tuple(_PUBLIC.split())
"""Documented under their own names."""

SAFE_MODULES = frozenset((*PUBLIC_MODULES, *_BEHIND_PYTHON_MODULES.split()))

_BUILTIN_SIGNATURE = re.compile(r"\A\s*[\w.]+\((.*?)\)(?:\s*->.*)?\s*$", re.MULTILINE)
_FIRST_ARGUMENT = re.compile(r"\A\(\$\w+(?:, /)?(?:, )?")
_ROUTINES = (
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    staticmethod,
)


def read_compiled(name: str) -> tuple[str, dict[str, Definition]]:
    """A module's documentation, and its public definitions by name.

    Raises:
        ImportError: this Python has no such module, or it is not one of the safe ones.

    """
    if name not in SAFE_MODULES:
        raise ImportError(f"{name} is not in the list of modules that are safe to import")
    module = import_module(name)
    found = {}
    for member, value in sorted(vars(module).items()):
        if not member.startswith("_") and not _is_second_name(module, member, value):
            definition = _describe(member, value)
            if definition is not None:
                found[member] = definition
    return _doc(module), found


def _is_second_name(module: types.ModuleType, member: str, value: object) -> bool:
    """Whether this is another name of a class here, or a built-in: ``os.error``, ``io.open``."""
    if module is not builtins and value is getattr(builtins, member, None):
        return True
    if not isinstance(value, type) or value.__name__ == member:
        return False
    return value in (getattr(module, value.__name__, None), getattr(builtins, value.__name__, None))


def read_unnamed() -> dict[tuple[str, str], Definition]:
    """Compiled classes that no compiled module holds, only a Python one: (module, name) -> it."""
    classes: dict[tuple[str, str], object] = {
        ("re", "Pattern"): re.Pattern,
        ("re", "Match"): re.Match,
        **{("types", name): value for name, value in vars(types).items() if name in types.__all__},
    }
    found = {key: _describe(key[1], value) for key, value in classes.items()}
    return {key: definition for key, definition in found.items() if definition is not None}


def _describe(name: str, value: object) -> Definition | None:
    """A compiled class or function as a definition; None for other things and the undocumented."""
    if not isinstance(value, (type, *_ROUTINES)) or not _doc(value):
        return None
    return _class(name, value) if isinstance(value, type) else _routine(name, value, "function")


def _class(name: str, value: type) -> Definition:
    members = {}
    for member, item in sorted(vars(value).items()):
        if not member.startswith("_") and isinstance(item, _ROUTINES):
            members[member] = _routine(member, item, "method")
    bases = tuple(base.__name__ for base in value.__bases__ if base is not object)
    doc = _doc(value)
    return Definition("class", name, _signature(value, doc), doc, 0, bases, members)


def _routine(name: str, value: object, kind: str) -> Definition:
    function = value.__func__ if isinstance(value, staticmethod) else value
    doc = _doc(function)
    return Definition(kind, name, _signature(function, doc), doc)


def _doc(value: object) -> str:
    """The documentation, without indent; some compiled types hold a descriptor in its place."""
    doc = getattr(value, "__doc__", None)
    return inspect.cleandoc(doc).strip() if isinstance(doc, str) else ""


def _signature(value: object, doc: str) -> str:
    """The arguments, from the object or else from the first line of its documentation."""
    signature = getattr(value, "__text_signature__", None)
    if signature is None:
        first = _BUILTIN_SIGNATURE.match(doc.partition("\n")[0])
        return f"({first.group(1)})" if first else ""
    return _FIRST_ARGUMENT.sub("(", signature)
