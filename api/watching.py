"""A thread that does one thing again and again, and sooner when it is woken."""

import threading
from collections.abc import Callable

from api.lasting import LastingTrouble

CLOSING_SECONDS = 5.0


class Watch:
    """Calls ``step`` every so many seconds until ``close``. Where that fails it is told once for as
    long as it does, as ``told`` and the reason, and tried again.
    """

    def __init__(
        self, name: str, step: Callable[[], None], *, told: str, every_seconds: float
    ) -> None:
        self._step = step
        self._every_seconds = every_seconds
        self._trouble = LastingTrouble(told)
        self._is_closed = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_closed(self) -> bool:
        """Whether a long step should end early."""
        return self._is_closed

    def wake(self) -> None:
        """There is something to do: do not wait for the time."""
        self._woken.set()

    def _run(self) -> None:
        while not self._is_closed:
            self._woken.clear()
            try:
                self._step()
                self._trouble.is_over()
            except BaseException as error:  # nobody would start the thread again
                self._trouble.tell(error)
            if not self._is_closed:
                self._woken.wait(self._every_seconds)

    def close(self) -> None:
        """Do no more."""
        self._is_closed = True
        self._woken.set()
        self._thread.join(CLOSING_SECONDS)
