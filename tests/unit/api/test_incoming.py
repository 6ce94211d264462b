"""Lines of a body while it arrives, and a reply that is sent meanwhile."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect

from api.incoming import HELD_BYTES, MAXIMUM_LINE_BYTES, IncomingLines, Line
from api.outgoing import Outgoing

LONG = b"x" * (MAXIMUM_LINE_BYTES + 1)


async def chunks_of(parts: Iterable[bytes]) -> AsyncIterator[bytes]:
    """They come one by one, and others get their turn in between."""
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def taken(parts: Iterable[bytes], most: int = 2) -> list[Line]:
    """All lines, as one task reads them and another takes some at a time."""
    lines = IncomingLines(chunks_of(parts))
    found: list[Line] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lines.read())
        while not lines.is_over:
            found += await lines.take(most, 1)
    return found


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], []),
        ([b""], []),
        ([b"\n \n\r\n"], []),
        ([b"a"], [(1, b"a")]),
        ([b"a\n"], [(1, b"a")]),
        ([b"a", b"b\n\nc", b"", b"\n"], [(1, b"ab"), (3, b"c")]),
        ([b"\xef\xbb\xbfa\n\xef\xbb\xbfb"], [(1, b"a"), (2, b"\xef\xbb\xbfb")]),
        ([LONG, b"\na"], [(1, None), (2, b"a")]),
        ([LONG[:-1], b"\na"], [(1, LONG[:-1]), (2, b"a")]),
        ([b"a\n", LONG[:-2], b"yz", b"more"], [(1, b"a"), (2, None)]),
    ],
)
def test_lines_wherever_the_body_is_cut(
    parts: list[bytes], expected: list[tuple[int, bytes | None]]
) -> None:
    """Blank ones are counted and passed over; one that is too long is told as such."""
    assert asyncio.run(taken(parts)) == expected


@settings(deadline=None, max_examples=30)
@given(
    content=st.lists(st.sampled_from([b"", b" ", b"a", b"bc"]), max_size=8).map(b"\n".join),
    cuts=st.lists(st.integers(0, 20), max_size=5),
)
def test_any_cut_gives_the_same_lines(content: bytes, cuts: list[int]) -> None:
    """As if the body had come at once."""
    places = [0, *sorted(cuts), len(content)]
    parts = [content[start:end] for start, end in itertools.pairwise(places)]
    expected = [
        (number, line) for number, line in enumerate(content.split(b"\n"), 1) if line.strip()
    ]
    assert asyncio.run(taken(parts)) == expected


def test_a_body_without_end_takes_bounded_memory() -> None:
    """Reading stops while nobody takes, goes on when somebody does, and has lost nothing."""
    part = b"x" * 9_999 + b"\n"
    count = 4 * HELD_BYTES // len(part)
    sent = 0

    def parts() -> Iterable[bytes]:
        nonlocal sent
        for _ in range(count):
            sent += len(part)
            yield part

    async def read() -> int:
        lines = IncomingLines(chunks_of(parts()))
        found = 0
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lines.read())
            await lines.gather(count, 1)
            while not lines.is_over:
                assert sent - found * len(part) <= HELD_BYTES + len(part)
                found += len(await lines.take(50, 1))
        return found

    assert asyncio.run(read()) == count


def test_who_goes_away_leaves_nothing_half_done() -> None:
    """A line that was cut off is none, nor are those that nobody has taken yet."""

    async def broken() -> AsyncIterator[bytes]:
        yield b'{"a": 1}\n{"b":'
        raise ClientDisconnect

    async def read() -> list[Line]:
        lines = IncomingLines(broken())
        await lines.read()
        assert lines.is_over
        return await lines.take(10, 1)

    assert asyncio.run(read()) == []


def test_what_is_no_longer_wanted_is_read_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, whatever its size: whoever sends it wants to see the reply."""
    monkeypatch.setattr("api.incoming.HELD_BYTES", 1_000)

    async def read() -> bool:
        lines = IncomingLines(chunks_of([b"x" * 300 + b"\n"] * 100))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(lines.read())
            await lines.take(1, 1)
            await lines.read_away(5)
            return lines.is_over

    assert asyncio.run(read())


def test_nothing_comes_for_a_while() -> None:
    """Whoever takes gets nothing, and may look at other things before the next try."""

    async def read() -> list[Line]:
        return await IncomingLines(chunks_of([])).take(10, 0.001)

    assert asyncio.run(read()) == []


# --- the way out ---


def test_what_is_put_is_taken_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """In memory or in a file, while more is put or afterwards; putting waits for nobody."""
    monkeypatch.setattr("api.outgoing.HELD_BYTES", 100)
    monkeypatch.setattr("api.outgoing.CHUNK_BYTES", 64)
    parts = [bytes([65 + number % 26]) * (number % 40) for number in range(200)]

    async def sent() -> bytes:
        outgoing = Outgoing()
        found = bytearray()

        async def put() -> None:
            for number, part in enumerate(parts):
                outgoing.put(part)
                if number % 7 == 0:
                    await asyncio.sleep(0)
            outgoing.end()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(put())
            async for chunk in outgoing.chunks():
                assert len(chunk) <= 64
                found += chunk
                await asyncio.sleep(0)
        outgoing.close()
        return bytes(found)

    assert asyncio.run(sent()) == b"".join(parts)
