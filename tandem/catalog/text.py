"""Any text in any database: PostgreSQL refuses the NUL character, some documents hold it."""

from typing import Any

import sqlalchemy as sa

NUL, ESCAPE = "\0", "\x10"
_NUL_WRITTEN, _ESCAPE_WRITTEN = ESCAPE + "0", ESCAPE + "1"


def written(text: str) -> str:
    """The text as a column holds it: without NUL, and so that ``read`` gives it back."""
    if NUL not in text and ESCAPE not in text:
        return text
    return text.replace(ESCAPE, _ESCAPE_WRITTEN).replace(NUL, _NUL_WRITTEN)


def read(text: str) -> str:
    """The reverse of ``written``."""
    if ESCAPE not in text:
        return text
    return text.replace(_NUL_WRITTEN, NUL).replace(_ESCAPE_WRITTEN, ESCAPE)


class AnyText(sa.types.TypeDecorator[str]):
    """Text of any length and any characters; equal texts stay equal."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(
        self,
        value: str | None,
        dialect: Any,  # noqa: ARG002 - SQLAlchemy names it
    ) -> str | None:
        """Into the database."""
        return None if value is None else written(value)

    def process_result_value(
        self,
        value: Any | None,
        dialect: Any,  # noqa: ARG002 - SQLAlchemy names it
    ) -> str | None:
        """Out of the database."""
        return None if value is None else read(value)
