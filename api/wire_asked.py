"""What a search is asked, by parameters or by a body: one model for both, and for OpenAPI."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from query.configurations import DEFAULT
from query.cursors import LONGEST
from query.suggesting import MAXIMUM_SUGGESTIONS
from tandem.documents import MAXIMUM_ID_BYTES, MAXIMUM_SEQUENCE
from tandem.filters import MAXIMUM_CONDITIONS, MAXIMUM_DEPTH, MAXIMUM_VALUES
from tandem.queries import MAXIMUM_BUDGET_MS, MAXIMUM_LIMIT, MAXIMUM_TEXT_CHARACTERS

MAXIMUM_FACETS = 20
MAXIMUM_FIELDS = 100
MAXIMUM_PREFIX_CHARACTERS = 250
"""As the longest title that is suggested."""

WORD = {"minLength": 1, "maxLength": 64}
"""A name of a field or of a configuration."""


def _name(who: str) -> Any:
    """An identifier that somebody gives, for who is asking."""
    return Field(
        description=f"{who}: at most {MAXIMUM_ID_BYTES} bytes of UTF-8.",
        json_schema_extra={"minLength": 1, "maxLength": MAXIMUM_ID_BYTES},
    )


Limit = Annotated[
    int,
    Field(
        description=f"How many hits a page has at most: 1 to {MAXIMUM_LIMIT:,}.",
        json_schema_extra={"minimum": 1, "maximum": MAXIMUM_LIMIT},
    ),
]
FilterData = Annotated[
    Any,
    Field(
        description='As JSON: `{"year": {"gte": 1990}, "kind": ["a", "b"], "not": {"tag": "x"}}`. '
        "Every entry must hold; a list means one of these; `gt`, `gte`, `lt`, `lte` bound numbers "
        f"and times. At most {MAXIMUM_VALUES:,} values a field, and {MAXIMUM_CONDITIONS} "
        f"conditions: a list or a bound each. `not` may be nested {MAXIMUM_DEPTH} deep.",
        json_schema_extra={"type": "object", "additionalProperties": True},
    ),
]


class Asked(BaseModel):
    """What holds for every list of hits."""

    model_config = ConfigDict(extra="forbid", strict=True)

    filter: FilterData = Field(default_factory=dict)
    facets: Annotated[
        list[str],
        Field(
            description="Fields whose values are counted over everything that is found: keyword, "
            f"integer and boolean ones, at most {MAXIMUM_FACETS}.",
            json_schema_extra={"maxItems": MAXIMUM_FACETS},
        ),
    ] = []
    limit: Limit = 10
    cursor: Annotated[
        str | None,
        Field(
            description="The `cursor` of a reply: gives the page after it. What else is given must "
            "be what the first page was asked, or left out; `limit` may differ.",
            json_schema_extra={"minLength": 1, "maxLength": LONGEST},
        ),
    ] = None
    configuration: Annotated[
        str | None,
        Field(
            description="How far the search goes: `lexical`, `semantic`, `rrf`, `hybrid`; by "
            f"default `{DEFAULT}`.",
            json_schema_extra=WORD,
        ),
    ] = None
    fields: Annotated[
        list[str] | None,
        Field(
            description="What is told of a hit besides id, rank and score: `title`, `body`, "
            "`highlights`, `updated_at` and names of attributes; everything where it is left out. "
            f"At most {MAXIMUM_FIELDS}.",
            json_schema_extra={"maxItems": MAXIMUM_FIELDS},
        ),
    ] = None
    explain: Annotated[bool, Field(description="Say of each hit why it stands where it does.")] = (
        False
    )
    budget_ms: Annotated[
        float | None,
        Field(
            description="Time for the whole answer in milliseconds: more than 0, at most "
            f"{MAXIMUM_BUDGET_MS:,}; by default the setting `search.budget_ms`.",
            json_schema_extra={"exclusiveMinimum": 0, "maximum": MAXIMUM_BUDGET_MS},
        ),
    ] = None
    user_id: Annotated[str | None, _name("Who asks")] = None
    client_id: Annotated[str | None, _name("The device or browser that asks")] = None
    session_id: Annotated[str | None, _name("The visit in which it is asked")] = None
    record: Annotated[
        bool,
        Field(
            description="Whether the event log notes what was shown: false for tests, evaluations "
            "and what nobody sees."
        ),
    ] = True


class SearchAsked(Asked):
    """A search, or browsing where ``q`` is blank."""

    q: Annotated[
        str,
        Field(
            description=f"What to look for, at most {MAXIMUM_TEXT_CHARACTERS:,} characters; where "
            "it is blank, everything under the filter is browsed.",
            json_schema_extra={"maxLength": MAXIMUM_TEXT_CHARACTERS},
        ),
    ] = ""
    sort: Annotated[
        str | None,
        Field(
            description="For browsing: an integer, float or datetime field, `-year` for downwards. "
            "By default the order is that of the ids.",
            json_schema_extra={"minLength": 1, "maxLength": 65},
        ),
    ] = None
    min_sequence: Annotated[
        int | None,
        Field(
            description="The `sequence` of a write that the search is to see. It waits for that at "
            "most half of its time; a leg that does not show it by then is `behind`.",
            ge=0,
            le=MAXIMUM_SEQUENCE,
        ),
    ] = None


class SimilarAsked(Asked):
    """What resembles one document."""


class SuggestAsked(BaseModel):
    """A few ways to end what somebody types."""

    model_config = ConfigDict(extra="forbid", strict=True)

    q: Annotated[
        str,
        Field(
            description="What was typed so far; what is longer than "
            f"{MAXIMUM_PREFIX_CHARACTERS} characters gives no suggestion.",
            json_schema_extra={"maxLength": MAXIMUM_TEXT_CHARACTERS},
        ),
    ] = ""
    filter: FilterData = Field(default_factory=dict)
    limit: Annotated[
        int,
        Field(
            description=f"How many suggestions at most: 1 to {MAXIMUM_SUGGESTIONS}.",
            json_schema_extra={"minimum": 1, "maximum": MAXIMUM_SUGGESTIONS},
        ),
    ] = 10
