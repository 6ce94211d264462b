"""A trouble that lasts, told once: what is tried again and again would fill the log with it."""

from tandem.errors import TandemError
from tandem.telemetry import logger


class LastingTrouble:
    """Of one piece of work; ``told`` is what the log says of it before the reason."""

    def __init__(self, told: str) -> None:
        self._told = told
        self._reason = ""

    def tell(self, error: BaseException) -> None:
        """Say what is wrong, once for as long as it is that; of the unforeseen also how it came."""
        before, self._reason = self._reason, f"{type(error).__name__}: {error}"
        if self._reason == before:
            return
        is_foreseen = isinstance(error, TandemError)
        logger("api").warning("%s: %s", self._told, error, exc_info=None if is_foreseen else error)

    def is_over(self) -> None:
        """It went well: the same trouble would be a new one."""
        self._reason = ""
