"""What was shown to people, and what they did then.

None of these can be made of what the event log should not hold: but for who is erased, it is only
ever appended to, so a value that is no value would stay.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, get_args

import orjson

from tandem.documents import MAXIMUM_ID_BYTES
from tandem.errors import FieldError
from tandem.queries import MAXIMUM_TEXT_CHARACTERS, Surface

MAXIMUM_POSITION = 1_000_000
MAXIMUM_DETAILS_BYTES = 4_096
MAXIMUM_RELEASE = 2**31 - 1
"""As large as every database's column of it."""

ALL_BEFORE = 2**63 - 1
"""An impression's ``as_of`` until the log takes it: all had happened that stands before it there.
"""

SURFACES: tuple[Surface, ...] = get_args(Surface)

UNKNOWN_QUERY = "unknown_query"
"""In an event's ``details``: no impression of its query was in the log when it was received."""

CONFIGURATION = "configuration"
"""In an impression's ``details``: the name of the one that answered. An imported one has none."""

CORRECTED = "corrected"
"""In an impression's ``details``: the text that was searched for by words in place of its own."""

IMPORTED = "imported"
"""In an impression's ``details``: another engine has shown it, before the release that it has."""

ERASED = "erased:"
"""What stands in the place of an id begins with it, where somebody was erased."""

OF_NOBODY = (CONFIGURATION, IMPORTED)
"""Of an impression's ``details`` what says nothing of who asked, and nothing of what."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that somebody did, as UBI tells it.

    ``action`` is UBI's action_name: ``click``, ``rating``, ``purchase`` …; ``document_id`` its
    event_attributes.object.object_id, ``position`` its event_attributes.position.ordinal, from 1,
    counted over all pages. ``client_id`` names a device or browser, ``user_id`` the person.
    ``query_id`` is the impression's; one that nobody knows is kept. ``value`` is what the action
    carries, such as a rating, finite. ``timestamp`` is aware: when it happened, by the clock of
    whoever tells it. ``details`` is what else UBI tells, by its names: application, message_type,
    message, user_query, and what more event_attributes has; a JSON object of at most 4,096 bytes.
    Of two events with one ``event_id`` the first is kept.

    Raises:
        FieldError: one of them is none of this.
    """

    event_id: str
    action: str
    timestamp: datetime
    document_id: str | None = None
    user_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    query_id: str | None = None
    position: int | None = None
    value: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name("event_id", self.event_id)
        check_name("action", self.action)
        _check_moment("timestamp", self.timestamp)
        _check_names(self, ("document_id", "user_id", "client_id", "session_id", "query_id"))
        if self.position is not None:
            _check_position(self.position)
        if self.value is not None:
            _check_value(self.value)
        _check_details(self.details)


@dataclass(frozen=True, slots=True)
class Exposure:
    """One document that was shown. ``position`` counts from 1 over all pages; ``propensity``, above
    0 and at most 1, is the probability with which it was put there: 1 where nothing was drawn by
    lot. ``team`` names the ranking that it was taken from where two were interleaved.

    Raises:
        FieldError: one of them is none of this.
    """

    document_id: str
    position: int
    propensity: float = 1.0
    team: str | None = None

    def __post_init__(self) -> None:
        check_name("document_id", self.document_id)
        _check_position(self.position)
        if not 0 < self.propensity <= 1:
            raise FieldError(
                "propensity", f"expected more than 0 and at most 1, found {self.propensity}"
            )
        _check_names(self, ("team",))


@dataclass(frozen=True, slots=True)
class Impression:
    """One page of answers to a query, as it was shown; one without answers has no ``exposures``.

    ``release`` answered it. ``as_of`` is how far the event log had been read for it: what people
    did later had no influence on it; 0 = nothing was read; the log puts its own position for
    ``ALL_BEFORE``. ``timestamp`` is aware. ``details`` is
    what else may matter to whoever learns from it, as UBI's query_attributes: a JSON object of at
    most 4,096 bytes.

    Raises:
        FieldError: one of them is none of this.
    """

    query_id: str
    timestamp: datetime
    release: int
    query_text: str = ""
    surface: Surface = "search"
    user_id: str | None = None
    client_id: str | None = None
    session_id: str | None = None
    as_of: int = 0
    exposures: tuple[Exposure, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name("query_id", self.query_id)
        _check_moment("timestamp", self.timestamp)
        _check_names(self, ("user_id", "client_id", "session_id"))
        _check_text("query_text", self.query_text)
        if len(self.query_text) > MAXIMUM_TEXT_CHARACTERS:
            limit = f"{MAXIMUM_TEXT_CHARACTERS:,}"
            raise FieldError("query_text", f"at most {limit} characters are allowed")
        if self.surface not in SURFACES:
            expected = ", ".join(SURFACES)
            raise FieldError("surface", f"expected {expected}, found {self.surface!r}")
        if not 1 <= self.release <= MAXIMUM_RELEASE:
            raise FieldError("release", f"expected the number of a release, found {self.release}")
        if self.as_of < 0:
            raise FieldError("as_of", f"expected a position in the event log, found {self.as_of}")
        positions = [exposure.position for exposure in self.exposures]
        if len({*positions}) < len(positions):
            raise FieldError("exposures", "two documents have the same position")
        _check_details(self.details)

    @property
    def first_position(self) -> int:
        """Where the page begins; 0 for a page without answers. With the query it names the page."""
        return min((exposure.position for exposure in self.exposures), default=0)


def check_name(field: str, name: str) -> None:
    """Refuse what names nobody and nothing; ``field`` is what it was given as.

    Raises:
        FieldError: it is blank, longer than 512 bytes, no text, or holds a zero byte.
    """
    if len(_check_text(field, name)) > MAXIMUM_ID_BYTES:
        raise FieldError(field, f"at most {MAXIMUM_ID_BYTES} bytes of UTF-8 are allowed")
    if not name.strip():
        raise FieldError(field, "is blank", hint="leave it out where there is none")
    if "\0" in name:
        raise FieldError(field, "holds a zero byte, which no name may")


def _check_names(word: object, fields: tuple[str, ...]) -> None:
    for name in fields:
        value = getattr(word, name)
        if value is not None:
            check_name(name, value)


def _check_text(field: str, text: str) -> bytes:
    """The text as UTF-8."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise FieldError(field, "a lone surrogate, which is no character") from None


def _check_value(value: float) -> None:
    try:
        is_number = math.isfinite(value)
    except OverflowError:
        raise FieldError("value", "expected a number up to 1.8e308") from None
    if not is_number:
        raise FieldError("value", f"expected a finite number, found {value}")


def _check_details(details: Mapping[str, Any]) -> None:
    if not details:
        return
    try:
        encoded = orjson.dumps(details)
        is_same = orjson.loads(encoded) == details  # what is no JSON is written as something else
    except (TypeError, ValueError) as error:
        raise FieldError("details", f"expected a JSON object: {error}") from None
    if not is_same or not isinstance(details, dict):
        raise FieldError("details", "expected a JSON object, without NaN, tuples or times")
    if len(encoded) > MAXIMUM_DETAILS_BYTES:
        raise FieldError(
            "details",
            f"{len(encoded):,} bytes of JSON, at most {MAXIMUM_DETAILS_BYTES:,} are allowed",
            hint="leave out what nobody will learn from",
        )


def _check_moment(field: str, moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise FieldError(
            field, f"{moment} has no time zone", hint="append Z, or an offset such as +02:00"
        )
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise FieldError(
            field, f"expected a time in the years 1 to 9999 of UTC, found {moment}"
        ) from None


def _check_position(position: int) -> None:
    if not 1 <= position <= MAXIMUM_POSITION:
        raise FieldError("position", f"expected 1 to {MAXIMUM_POSITION:,}, found {position}")
