"""Control-C: answered at once, obeyed once."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from api.console import note

INTERRUPTED = 130
"""What a shell calls a command that Control-C stopped."""

KEEPING = (
    "stopping after the batch in hand; what was accepted is kept, run the command again to go on"
)
ANSWERS = {
    "index": KEEPING,
    "demo": KEEPING,
    "follow": "stopping after the batch in hand",
    "serve": "stopping after the queries and the batch in hand",
}
"""What the verbs that write over a long time say."""

ENDING = ("serve",)
"""What a second Control-C ends at once: others wait for its clients, and what it accepted is kept.
"""

ORDERS = ("reindex", "promote", "rollback", "verify", "train")
"""May go on in another process: what becomes of them is told by who knows it."""


class Interrupts:
    """The first Control-C raises ``KeyboardInterrupt``; what tidies up behind it is not disturbed.

    ``noticed`` says whether there was one.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        verb = next((word for word in arguments if not word.startswith("-")), "")
        self._verb = "" if "--dry-run" in arguments else verb
        self.noticed = False

    def listen(self) -> None:
        """Answer from now on, unless whoever started this process had interrupts ignored."""
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._notice)

    def leave(self) -> None:
        """Nothing is left to tidy up: from now on Control-C just ends the process."""
        if signal.getsignal(signal.SIGINT) == self._notice:
            signal.signal(signal.SIGINT, signal.SIG_DFL)

    def _notice(self, _number: int, _frame: FrameType | None) -> None:
        again, self.noticed = self.noticed, True
        with suppress(RuntimeError):  # it came amid another line on the same stream
            note(self._answer(again))
        if again and self._verb in ENDING:
            os._exit(INTERRUPTED)
        if not again:
            raise KeyboardInterrupt

    def _answer(self, again: bool) -> str:
        if again and self._verb in ENDING:
            return "ended at once; what was accepted is kept"
        if self._verb in ANSWERS:
            return "still finishing the batch in hand" if again else ANSWERS[self._verb]
        if again:
            return "still stopping"
        return "stopping" if self._verb in ORDERS else "stopped"
