"""Entity tags: a document's sequence, in quotes (RFC 9110, 8.8 and 13.1)."""

import re

from starlette.datastructures import Headers

from api.http_errors import BadParameter
from tandem.documents import MAXIMUM_SEQUENCE

TAG = re.compile(r'"(0|[1-9][0-9]{0,18})"')
IF_MATCH, IF_NONE_MATCH = "If-Match", "If-None-Match"


def etag(sequence: int) -> str:
    """The tag of a document that stands at that sequence."""
    return f'"{sequence}"'


def is_known(headers: Headers, sequence: int) -> bool:
    """Whether ``If-None-Match`` names the document as it stands: nothing need be sent then."""
    given = _given(headers, IF_NONE_MATCH) or ""
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return "*" in tags or etag(sequence) in tags


def sequence_of(headers: Headers, if_sequence: int | None) -> int | None:
    """The sequence at which a document must stand to be changed, 0 for none; ``None`` where neither
    a header nor the parameter says so.

    Raises:
        BadParameter: a header is no tag of a document, or two of them say different things.
    """
    said = {"if_sequence": if_sequence}
    if (match := _given(headers, IF_MATCH)) is not None:
        said[IF_MATCH] = _sequence(match)
    if (none := _given(headers, IF_NONE_MATCH)) is not None:
        if none.strip() != "*":
            raise BadParameter(IF_NONE_MATCH, f"expected * on a write, found {none!r}")
        said[IF_NONE_MATCH] = 0
    given = {name: value for name, value in said.items() if value is not None}
    if len({*given.values()}) > 1:
        name, *others = given
        raise BadParameter(name, f"says otherwise than {' and '.join(others)}")
    return next(iter(given.values()), None)


def _given(headers: Headers, name: str) -> str | None:
    """A header that is sent twice is one list (RFC 9110, 5.3): none of it is passed over."""
    sent = headers.getlist(name)
    return ", ".join(sent) if sent else None


def _sequence(tag: str) -> int:
    found = TAG.fullmatch(tag.strip())
    if found is None or int(found[1]) > MAXIMUM_SEQUENCE:
        raise BadParameter(
            IF_MATCH,
            f"expected the ETag of one document, found {tag!r}",
            hint='send it as it was given, quotes included: If-Match: "17"',
        )
    return int(found[1])
