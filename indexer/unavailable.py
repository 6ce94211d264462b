"""An index that could not be opened: the other leg goes on, and this one says why it does not."""

from typing import Any, NoReturn

from tandem.errors import EngineError, EngineUnavailable


class UnavailableIndex:
    """Stands in for a ``LexicalIndex`` or a ``VectorIndex``; every question raises the reason."""

    def __init__(self, reason: EngineError) -> None:
        self.reason = reason

    def _raise(self, *_: Any, **__: Any) -> NoReturn:
        raise EngineUnavailable(str(self.reason), hint=self.reason.hint) from self.reason

    search = score = documents = apply = vectors = versions = count = _raise
    suggest = highlight = tally = browse = words = resembling = _raise
    refresh = versions_of = forget = _raise

    def close(self) -> None:
        """Nothing was opened."""
