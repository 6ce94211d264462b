"""Threads for what may wait for the catalogue: the pool of the handlers stays with searches."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from api.turns import Busy, Turns

PAUSE_SECONDS = 0.1
Result = TypeVar("Result")


class Workers:
    """A few threads, and a bounded number of calls that wait for one. Thread-safe."""

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._turns = Turns(
            threads + waiting, "too many calls wait for the document log", "ask again later"
        )

    async def run(self, call: Callable[[], Result]) -> Result:
        """What the call gives. One that is begun goes on to its end, whoever waits for it.

        Raises:
            Busy: too many wait already.
        """
        self._turns.begin()
        future = self._threads.submit(call)
        future.add_done_callback(lambda _: self._turns.end())
        return await asyncio.wrap_future(future)

    async def run_in_turn(self, call: Callable[[], Result]) -> Result:
        """The same for whoever has time: waits until there are fewer."""
        while True:
            try:
                return await self.run(call)
            except Busy:
                await asyncio.sleep(PAUSE_SECONDS)

    def close(self) -> None:
        """Let running calls end, and begin no other."""
        self._threads.shutdown(wait=True, cancel_futures=True)
