"""What of Python's standard library the demo reads, and the section each module belongs to.

Everything here is a table made by hand. A module that a later Python adds is read all the same and
falls into the section ``Other``.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

OTHER = "Other"

_SECTIONS = {
    "Built-ins": "builtins",
    "Text": "string re difflib textwrap unicodedata stringprep readline rlcompleter shlex",
    "Data types": (
        "datetime zoneinfo calendar collections heapq bisect array weakref types copy pprint "
        "reprlib enum graphlib struct codecs dataclasses annotationlib"
    ),
    "Numbers": "numbers math cmath decimal fractions random statistics secrets",
    "Functional tools": "itertools functools operator contextlib",
    "Files and folders": (
        "pathlib fileinput stat filecmp tempfile glob fnmatch linecache shutil io os.path"
    ),
    "Persistence": "pickle copyreg shelve marshal dbm sqlite3 pickletools",
    "Compression": "zlib gzip bz2 lzma zipfile tarfile compression",
    "File formats": "csv configparser tomllib netrc plistlib json xdrlib uu binascii base64 quopri",
    "Cryptography": "hashlib hmac ssl crypt",
    "Operating system": (
        "os time platform errno posix pwd grp spwd termios tty pty fcntl resource syslog pipes nis "
        "msvcrt winreg winsound signal mmap ctypes sched"
    ),
    "Command line": "argparse optparse getopt getpass curses cmd",
    "Logging": "logging",
    "Concurrency": (
        "threading multiprocessing concurrent subprocess queue contextvars asyncio selectors "
        "select socketserver asyncore asynchat"
    ),
    "Networking": (
        "socket urllib http ftplib poplib imaplib nntplib smtplib smtpd telnetlib xmlrpc ipaddress "
        "webbrowser wsgiref cgi cgitb uuid"
    ),
    "Email and markup": "email mailbox mailcap mimetypes html xml",
    "Multimedia": "wave aifc sunau chunk colorsys imghdr sndhdr audioop ossaudiodev",
    "Internationalisation": "gettext locale",
    "Graphical interface": "tkinter turtle",
    "Testing and documentation": "unittest doctest pydoc typing",
    "Debugging and profiling": (
        "bdb faulthandler pdb profile cProfile pstats timeit trace tracemalloc profiling"
    ),
    "Runtime": (
        "sys sysconfig warnings abc atexit traceback __future__ gc inspect site code codeop "
        "zipapp venv msilib"
    ),
    "Imports": "importlib pkgutil modulefinder runpy zipimport imp",
    "Language tools": (
        "ast symtable token keyword tokenize tabnanny pyclbr py_compile compileall dis opcode "
    ),
}
SECTIONS: dict[str, str] = {
    module: section for section, modules in _SECTIONS.items() for module in modules.split()
}
"""Top-level module -> section; ``os.path`` has its own."""

# Left out: jokes, tests, bundled programs, other people's data, and modules that only others use.
_LEFT_OUT_NAMES = (
    "antigravity this test idlelib lib2to3 turtledemo ensurepip distutils encodings pydoc_data "
    "genericpath ntpath nturl2path sre_compile sre_constants sre_parse"
)
_LEFT_OUT = frozenset(_LEFT_OUT_NAMES.split())
_LEFT_OUT_FOLDERS = frozenset({"test", "tests", "idle_test", "__pycache__", "site-packages"})

RENAMED = {"posixpath": "os.path"}
"""File's module -> the name that people import it by."""

STAND_INS = {"collections.abc": "_collections_abc", "decimal": "_pydecimal"}
"""Public module -> the private one that takes its place in ``sys.modules``, in some versions."""


def section_of(module: str) -> str:
    """The section of a module, by its own name or its top-level package's."""
    return SECTIONS.get(module) or SECTIONS.get(module.partition(".")[0], OTHER)


def is_public(module: str) -> bool:
    """Whether people import a module by this name: no private part, and not left out."""
    parts = module.split(".")
    return parts[0] not in _LEFT_OUT and not any(part.startswith("_") for part in parts)


def module_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every module of the standard library in a folder, private ones too: (name, source file)."""
    for name in sorted(sys.stdlib_module_names):
        file = folder / f"{name}.py"
        if file.is_file():
            yield RENAMED.get(name, name), file
        elif (folder / name).is_dir() and name not in _LEFT_OUT:
            yield from _package_files(name, folder / name)


def _package_files(name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    if (folder / "__init__.py").is_file():
        yield name, folder / "__init__.py"
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and entry.name not in _LEFT_OUT_FOLDERS:
            yield from _package_files(f"{name}.{entry.name}", entry)
        elif entry.suffix == ".py" and not entry.stem.startswith("__"):
            yield f"{name}.{entry.stem}", entry
