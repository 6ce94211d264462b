"""The values in a file of rules: each is read, or refused with the place where it stands."""

import difflib
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from tandem.documents import MAXIMUM_ID_BYTES
from tandem.errors import SettingsError
from tandem.suggestions import words

MAXIMUM_NAME = 100
MAXIMUM_PHRASE = 200
"""Characters."""

LONGEST_SHOWN = 60


class Place(NamedTuple):
    """Where something stands in the file."""

    name: str

    def inside(self, part: str) -> "Place":
        """A part of it."""
        return Place(f"{self.name}: {part}")

    def fault(self, reason: str, *, hint: str = "") -> SettingsError:
        """The error that something is wrong here."""
        return SettingsError(f"{self.name}: {reason}", hint=hint)

    def check_keys(self, table: Mapping[str, Any], known: Collection[str]) -> None:
        """Refuse what nobody would read.

        Raises:
            SettingsError: there is such a key.
        """
        for key in table:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                raise self.fault(
                    f"there is no {key!r}, expected some of {', '.join(known)}",
                    hint=f"did you mean {close[0]!r}?" if close else "",
                )

    def text(self, table: Mapping[str, Any], key: str) -> str:
        """A name: 1 to 100 characters that can be shown in a line.

        Raises:
            SettingsError: it is missing, or none.
        """
        return self._text(table.get(key), key, MAXIMUM_NAME)

    def phrase(self, table: Mapping[str, Any], key: str) -> str:
        """1 to 200 characters with a word in them.

        Raises:
            SettingsError: it is missing, or none.
        """
        return self._phrase(table.get(key), key)

    def phrases(self, table: Mapping[str, Any], key: str, most: int) -> tuple[str, ...]:
        """As ``phrase``, at least one and at most ``most``; those that fold alike are one.

        Raises:
            SettingsError: they are missing, or one of them is none.
        """
        listed = self._list(table.get(key), key, most)
        if not listed:
            raise self.fault(f"{key}: expected a list of at least one text")
        read = [
            self._phrase(item, f"{key} {number}") for number, item in enumerate(listed, start=1)
        ]
        return tuple({" ".join(words(phrase)): phrase for phrase in reversed(read)}.values())[::-1]

    def ids(self, table: Mapping[str, Any], key: str, most: int) -> tuple[str, ...]:
        """Distinct ids of documents, at most ``most``; none where the key is missing.

        Raises:
            SettingsError: one of them is none, or is given twice.
        """
        listed = self._list(table.get(key, []), key, most)
        known: dict[str, None] = {}
        for number, item in enumerate(listed, start=1):
            is_text = isinstance(item, str) and item.strip()
            if not is_text or len(item.encode()) > MAXIMUM_ID_BYTES:
                raise self.fault(
                    f"{key} {number}: expected a document's id, text of at most "
                    f"{MAXIMUM_ID_BYTES} bytes, found {shown(item)}"
                )
            if item in known:
                raise self.fault(f"{key} {number}: {shown(item)} is given twice")
            known[item] = None
        return tuple(known)

    def _phrase(self, value: object, key: str) -> str:
        text = self._text(value, key, MAXIMUM_PHRASE)
        if not words(text):
            raise self.fault(f"{key}: expected at least one letter or digit, found {shown(text)}")
        return text

    def _text(self, value: object, key: str, most: int) -> str:
        if value is None:
            raise self.fault(f"{key}: is missing, expected a text")
        if not isinstance(value, str):
            raise self.fault(f"{key}: expected a text, found {shown(value)}")
        text = " ".join(value.split())
        if not text or len(text) > most or not text.isprintable():
            raise self.fault(
                f"{key}: expected 1 to {most} characters that can be read, found {shown(value)}"
            )
        return text

    def _list(self, value: object, key: str, most: int) -> list[Any]:
        if not isinstance(value, list):
            expected = "is missing, expected" if value is None else "expected"
            found = "" if value is None else f", found {shown(value)}"
            raise self.fault(f'{key}: {expected} a list such as ["one", "two"]{found}')
        if len(value) > most:
            raise self.fault(f"{key}: {len(value):,} items, at most {most:,} are allowed")
        return value


def shown(value: object) -> str:
    """A value as an error shows it, in at most 60 characters."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."
