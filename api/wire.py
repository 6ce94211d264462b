"""What goes over the wire, as OpenAPI tells it. Replies are written as they are, without being
copied into these; a test holds them against each other.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tandem.rankings import Part, Reason


class Wire(BaseModel):
    """Nothing else is in it."""

    model_config = ConfigDict(extra="forbid")


class LegShareReply(Wire):
    """What one leg said about a hit."""

    leg: str = Field(description="`lexical` or `vector`")
    rank: int | None = Field(description="from 1; null where the leg did not return the document")
    score: float | None = Field(description="the leg's own; null where it is not known")
    share: float = Field(description="what the leg added to the fused score")


class FeatureReply(Wire):
    """What one feature did to a hit's score."""

    name: str
    value: float | None = Field(description="the feature's own; null where it is not known")
    contribution: float


class ExplainReply(Wire):
    """Why a hit stands where it does."""

    legs: list[LegShareReply]
    features: list[FeatureReply] = Field(description="their contributions add up to the score")
    rules: list[str] = Field(description="what rules did with it")


class HighlightReply(Wire):
    """What a hit shows of itself: escaped HTML, matches inside `<mark>`."""

    title: str | None = Field(description="whole; null where no word of it matched")
    body: str | None = Field(description="its best piece; null where there is none")
    is_passage: bool = Field(description="the body's piece is the one nearest in meaning")


class HitReply(Wire):
    """One document of a page. What `fields` did not choose is absent; of a document that could not
    be read in time everything chosen is null.
    """

    document_id: str
    rank: int = Field(description="from 1, over all pages")
    score: float = Field(description="larger is better; comparable inside one ranking only")
    title: str | None = None
    body: str | None = None
    attributes: dict[str, Any] | None = Field(default=None, description="as they were sent")
    updated_at: str | None = Field(default=None, description="RFC 3339, in UTC")
    highlights: HighlightReply | None = None
    gone: bool = Field(
        default=False, description="deleted or hidden since the order was frozen: no content"
    )
    explain: ExplainReply | None = Field(default=None, description="with `explain` alone")


class FacetValueReply(Wire):
    """One value of a field."""

    value: str
    count: int = Field(description="documents that have it")


class CorrectionReply(Wire):
    """What was searched for by words in place of what was typed."""

    text: str
    words: dict[str, str] = Field(description="what was typed -> what was taken for it")


class DegradationReply(Wire):
    """A part of the answer that is missing, wholly or in part; the rest is as it should be."""

    leg: Part = Field(
        description="`lexical` or `vector`, what that leg alone would have found (of suggestions, "
        "the titles); `completion`, exact scores for the order; `profile`, what the person likes, "
        "so that the order is everybody's; `rerank`, what decides the order, such as the model: "
        "hits stand where they do without it, since it is broken (`error`; the server's log says "
        "what is), or since what it reads did not come in time (the other reasons), but with "
        "`rebuilding`, where it orders by a part of what people did; "
        "`documents`, those to be shown or that rules ask for; `facets`, counts, or some of what "
        "they would count; `highlights`; `cursor`, the way to the next page; `catalogue`, whether "
        "another release is live by now"
    )
    reason: Reason = Field(
        description="`timeout`, no answer in time; `unavailable`, out of reach; `error`, it "
        "failed; `skipped`, not asked, as it has not answered several times in a row; "
        "`rebuilding`, its index is built again, and finds but a part; of `rerank`, the event log "
        "is being read; `behind`, it does not show `min_sequence` yet"
    )


class SearchReply(Wire):
    """One page."""

    query_id: str = Field(description="what events about this page name: 32 hex digits")
    configuration: str
    release: int = Field(description="which release has answered")
    hits: list[HitReply] = Field(description="best first")
    total: int | None = Field(
        description="how many documents are found, the same on every page: what matches by words "
        "under the filter, and the candidates by meaning; null where it is not known"
    )
    reachable: int = Field(description="how many of them paging reaches")
    frozen: bool = Field(description="whether the pages are those of one moment; not in browsing")
    facets: dict[str, list[FacetValueReply]] | None = Field(
        description="field -> its most frequent values, counted over what `total` counts"
    )
    cursor: str | None = Field(description="asks for the next page; null on the last one")
    did_you_mean: CorrectionReply | None
    applied: list[str] = Field(
        default=[], description="rules and synonyms that took part; with `explain` alone"
    )
    left_out: list[str] = Field(
        default=[],
        description="boosts of rules whose filter does not fit the collection, and why; with "
        "`explain` alone",
    )
    degraded: list[DegradationReply] = Field(description="what is missing; usually nothing")
    milliseconds: dict[str, float] = Field(description="by stage, and `total`")


class SuggestionReply(Wire):
    """One way to end what was typed."""

    text: str
    kind: Literal["title", "query"] = Field(
        description="a document's title, or a query that at least five people have asked"
    )


class SuggestReply(Wire):
    """Suggestions, best first."""

    suggestions: list[SuggestionReply]
    degraded: list[DegradationReply] = Field(description="what is missing; usually nothing")
    milliseconds: dict[str, float]


class RejectReply(Wire):
    """An event that was not taken."""

    line: int = Field(description="from 1: the line, or the place in the array")
    field: str | None = Field(description="what is meant, as a dotted path")
    message: str
    hint: str | None


class EventsReply(Wire):
    """What became of the events."""

    accepted: int
    duplicates: int = Field(description="known already by their ids, or twice in the request")
    unknown_query_ids: list[str] = Field(
        description="of accepted events: no page was shown under it; they are kept all the same, "
        "and marked in the log"
    )
    rejected: list[RejectReply]


class ErasureReply(Wire):
    """What became of an erasure."""

    user_id: str
    state: Literal["done", "under_way"]
    asked_at: str
    done_at: str | None = Field(description="null while it is under way")
    events: int = Field(description="what the person did: without ids and details now")
    impressions: int = Field(description="what the person was shown: without ids and texts now")
    features: int = Field(description="rows of features that are gone")
    beyond_reach: list[str] = Field(description="what an erasure cannot change")


class HealthReply(Wire):
    """The process answers."""

    alive: bool


class LegReply(Wire):
    """How one leg is."""

    engine: str
    version: str
    state: str = Field(
        description="`ok`; `degraded`, which answers all the same; `rebuilding`, which answers "
        "with what it has again; or why it does not: "
        "`unreachable`, `unusable`, `no index`, `loading`, `no model`"
    )


class ReadyReply(Wire):
    """A search can be answered."""

    collection: str
    release: int = Field(description="the live one, as far as is known")
    taken_up: bool = Field(
        description="false where another release may be live, which could not be taken up; the "
        "server's log says why"
    )
    catalogue: str = Field(description="`ok`, or `unreachable`: the last known release answers")
    rules: str = Field(
        description="`ok`; `outdated`: the file of rules is broken, those that it had before "
        "are in force; or `unfit`: filters of boosts do not fit the collection, those boosts are "
        "left out; the server's log says why"
    )
    legs: dict[str, LegReply]


class ErrorDetail(Wire):
    """What is wrong, and what to do next."""

    code: str = Field(description="one of a closed list, for programs")
    message: str = Field(description="for people: what was wrong, and what was expected")
    field: str | None = Field(description="the parameter that is meant, where it is one")
    hint: str | None = Field(description="what to do next")
    docs: str = Field(description="where the code is explained")


class ErrorReply(Wire):
    """Every error has this shape."""

    error: ErrorDetail
