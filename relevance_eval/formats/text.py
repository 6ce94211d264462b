"""Files of text: read with the number of each line, written whole or not at all."""

import gzip
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tandem.errors import SourceError
from tandem.files import LineFault, Lines


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Each line with its number, without its end; blank ones too. The file may be a gzip.

    Raises:
        SourceError: it cannot be read to its end, or is not UTF-8; the line is named.
    """
    if path.is_dir():
        raise SourceError(f"{path}: a folder, expected a file")
    with Lines(path) as lines:
        try:
            for line in lines:
                yield lines.number, line.decode("utf-8").rstrip("\r\n")
        except LineFault as fault:
            raise SourceError(f"{path}:{lines.number}: {fault.reason}") from None
        except UnicodeDecodeError as fault:
            raise SourceError(
                f"{path}:{lines.number}: not UTF-8: byte 0x{fault.object[fault.start]:02x} at "
                f"position {fault.start + 1}",
                hint="convert it first, such as: iconv -f latin1 -t utf-8 FILE > NEW",
            ) from None


def first_line(path: Path) -> str:
    """The first line that is not blank; "" where there is none.

    Raises:
        SourceError: as ``text_lines``.
    """
    return next((line for _, line in text_lines(path) if line.strip()), "")


@contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """A new file of that name, which is there when all is in it; a gzip if it is named ``.gz``.

    Raises:
        SourceError: it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with _opened(unfinished, packed=path.suffix.lower() == ".gz") as file:
            yield file
        unfinished.replace(path)
    except OSError as error:
        raise SourceError(f"{path}: cannot be written: {error.strerror or error}") from None
    except UnicodeEncodeError as error:
        raise SourceError(f"{path}: cannot be written: {error.reason} in an id or a text") from None
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path, *, packed: bool) -> Iterator[TextIO]:
    if not packed:
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    with (
        path.open("wb") as target,
        # without a name and a time: what is equal is packed alike
        gzip.GzipFile("", "wb", fileobj=target, mtime=0) as content,
        io.TextIOWrapper(content, encoding="utf-8", newline="") as file,
    ):
        yield file
