"""Files of lines, plain or gzip, read as a stream: at most one line is held in memory."""

import gzip
import io
import os
import stat
import zlib
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from tandem.errors import SourceError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAXIMUM_LINE_BYTES = 16 * 2**20
_GZIP_MAGIC = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BUFFER_BYTES = 256 * 1024


class LineFault(Exception):
    """A line that cannot be given. After a ``final`` one nothing follows."""

    def __init__(self, reason: str, start: bytes = b"", *, final: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.start = start
        self.final = final


def check_file(path: Path) -> None:
    """Open the file once, so that a wrong one is known before any work starts.

    Raises:
        SourceError: it cannot be opened, can be read only once, or is no gzip despite its name.

    """
    with Lines(path):
        pass


class Lines:
    """An iterator over a file's lines, line ends included.

    ``number`` is the line last given, counted from 1; a ``LineFault`` counts as its line. After a
    fault that is not final the iteration goes on.

    Raises:
        SourceError: as ``check_file``.
        LineFault: on ``next``: a line above 16 MiB, or a damaged file.

    """

    def __init__(self, path: Path) -> None:
        self.number = 0
        self._file = _open(path)
        self._bytes = os.fstat(self._file.fileno()).st_size
        self._stream = self._file
        self._share = 0.0
        if self._file.peek(2)[:2] == _GZIP_MAGIC:
            self._stream = io.BufferedReader(_Unpacked(self._file), _BUFFER_BYTES)
        elif path.suffix.lower() == ".gz":
            self._file.close()
            raise SourceError(
                f"{path}: named .gz, but its content is not gzip",
                hint="rename it if it is plain, or compress it again",
            )

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> bytes:
        line = self._read(MAXIMUM_LINE_BYTES + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > MAXIMUM_LINE_BYTES and not line.endswith(b"\n"):
            start = line[:1_000]
            self._skip_line()
            raise LineFault(f"a line longer than {MAXIMUM_LINE_BYTES // 2**20} MiB", start)
        if self.number == 1 and line.startswith(_BYTE_ORDER_MARK):
            return line[len(_BYTE_ORDER_MARK) :]
        return line

    def share_read(self) -> float:
        """How much of the file has been consumed, 0 to 1 (of a gzip, of its compressed bytes)."""
        if not self._file.closed and self._bytes:
            self._share = min(1.0, self._file.tell() / self._bytes)
        return self._share

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._share = self.share_read() if self._bytes else 1.0
        if self._stream is not self._file:
            self._stream.close()
        self._file.close()

    def _read(self, limit: int) -> bytes:
        try:
            return self._stream.readline(limit)
        except (EOFError, zlib.error, OSError) as error:
            self.number += 1
            raise LineFault(f"the rest of the file cannot be read: {error}", final=True) from None

    def _skip_line(self) -> None:
        while (piece := self._read(_BUFFER_BYTES)) and not piece.endswith(b"\n"):
            pass


class _Unpacked(io.RawIOBase):
    """What a gzip file holds, piece by piece: ``GzipFile`` itself fills whole buffers and forgets
    what it has read when the file ends too early.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        self._gzip = gzip.GzipFile(fileobj=file)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        piece = self._gzip.read1(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._gzip.close()
        super().close()


def _open(path: Path) -> io.BufferedReader:
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):  # whoever looks into it takes of it
            raise SourceError(
                f"{path}: a pipe or a device, which can be read only once",
                hint="write it to a file and name that; files may be packed with gzip",
            )
        return io.BufferedReader(io.FileIO(path), _BUFFER_BYTES)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"{path}: cannot be opened: {reason}") from None
