"""``tandem search``."""

from collections.abc import Sequence
from typing import Annotated

import typer

from api.answers import answer
from api.bootstrap import open_house
from api.collection import OpenCollection
from api.commands.index import drawn_progress, warn_of_rebuilds
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.console import FOUND, bars, note, printable, say, say_json
from api.local_key import find_local_key
from indexer.following import AnyFollower
from indexer.indexing import CHANGED, catch_up
from indexer.liveness import living
from query.configurations import DEFAULT, LEXICAL
from query.understanding import check_searchable
from tandem.errors import OwnedElsewhere
from tandem.filters import read_filter
from tandem.queries import Query
from tandem.rankings import Hit, SearchResult
from tandem.settings import Settings

EXCERPT_CHARACTERS = 160
PEOPLE_SECONDS = 60.0
"""How long it may take to read what people did, some 100,000 events a second: what was not read
then is missing from the learned order, which the answer says.
"""

MOST_FEATURES = 8
"""How many are shown one by one: a model has dozens."""


def run(
    text: Annotated[str, typer.Argument(help="What to look for.")],
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many documents.")] = 10,
    filters: Annotated[
        str | None,
        typer.Option("--filter", "-f", help='As JSON: {"year": {"gte": 1990}, "kind": ["a", "b"]}'),
    ] = None,
    configuration: Annotated[
        str, typer.Option("--configuration", help="lexical, semantic, rrf or hybrid.")
    ] = DEFAULT,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what each leg, feature and rule did with a hit.")
    ] = False,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Search by words and meaning."""
    chosen = settings(config, data_dir, collection)
    check_searchable(text)
    query = Query(
        text=text,
        filters=read_filter(filters, "--filter"),
        limit=limit,
        wants_explanation=explain or as_json,
    )
    try:
        result = _found(chosen, query, configuration)
    except OwnedElsewhere as owned:
        if owned.address is None or owned.collection is None:
            raise
        check_served(owned, chosen.collection)
        key = find_local_key(chosen.data_dir)
        result = _found_by_server(owned.address, query, configuration, key)
    if as_json:
        say_json(answer(result, explain=True))
    else:
        show(result, explain=explain)
    return FOUND


def _found(chosen: Settings, query: Query, configuration: str) -> SearchResult:
    with open_house(chosen, "tandem search", notify=note, create=False) as house:
        target = house.collection(chosen.collection)
        searcher = target.searcher(configuration)
        searcher.check(query)
        prepare(target, needs_model=configuration != LEXICAL)
        return searcher.search(query)


def check_served(owned: OwnedElsewhere, collection: str) -> None:
    """Whether the server that owns the engines can be asked.

    Raises:
        OwnedElsewhere: it serves another collection.
    """
    served = owned.collection
    if served != collection:
        raise OwnedElsewhere(
            f"{owned}; it serves the collection {served!r}, not {collection!r}",
            hint=f"search that one: --collection {served}; or stop it for this",
        ) from None


def _found_by_server(
    address: str, query: Query, configuration: str, key: str | None
) -> SearchResult:
    """What the server finds that owns the engines. As without it, nothing becomes an impression."""
    from tandem.client import Client

    with Client(address, key=key) as client:
        return client.search(query, configuration=configuration, explain=True, record=False)


def prepare(target: OpenCollection, *, needs_model: bool) -> None:
    """Load the model while the indexes are brought up to date; say what a search will lack."""
    if needs_model:
        target.begin_to_load()
    if target.release.model is not None:
        target.searching.begin()
    bring_up_to_date(target, waits=False)
    failure = target.wait_until_loaded() if needs_model else None
    if failure is not None:
        note(f"warning: no search by meaning: {failure}")
        if failure.hint:
            note(f"  next: {failure.hint}")
    target.searching.wait(PEOPLE_SECONDS)


def bring_up_to_date(target: OpenCollection, *, waits: bool = True) -> None:
    """Apply what an interrupted run left behind, and build anew what was deleted.

    An index that another process follows is waited for, or with ``waits`` false only told of.
    """
    warn_of_rebuilds(target)
    for leg, fault in target.faults.items():
        note(f"warning: the {leg} index is left out: {fault}")
        note(f"  next: {fault.hint}")
    behind = target.behind
    if not behind:
        return
    followers = target.followers if waits else _unfollowed(target)
    if not followers:
        return
    if not target.live.rebuilding:
        note(f"applying {behind:,} changes that an earlier run left behind")
    with bars(wanted=True) as shown:
        progress = drawn_progress(shown, reading=False)
        progress(CHANGED, behind)
        for error in catch_up(followers, progress):
            note(f"warning: an index is behind: {error}")


def _unfollowed(target: OpenCollection) -> list[AnyFollower]:
    """The followers of indexes that no other process follows; how far the others are is told."""
    followers = target.followers
    checkpoints = target.catalog.checkpoints
    alive = living(checkpoints, [follower.checkpoint.index_name for follower in followers])
    left = []
    for follower in followers:
        mark = follower.checkpoint
        if mark.index_name not in alive:
            left.append(follower)
        elif behind := target.catalog.documents.behind(target.name, mark.applied):
            owner = alive[mark.index_name]
            note(f"warning: the {follower.name} index is {behind:,} changes behind; {owner} "
                 "follows it")  # fmt: skip
    return left


def show(result: SearchResult, *, explain: bool = False) -> None:
    """The page, for a person."""
    for missing in result.degraded:
        note(f"warning: without {missing.leg} ({missing.reason})")
    if result.correction is not None:
        say(f"did you mean: {_line(result.correction.text, 90)}")
    if not result.page.hits:
        say("nothing found")
    for hit in result.page.hits:
        document = result.documents.get(hit.document_id)
        why = "not read in time" if hit.document_id in result.unread else "gone"
        title = document.title or hit.document_id if document else f"{hit.document_id} ({why})"
        say(f"{hit.rank:>3}. {_line(title, 90)}  [{_line(hit.document_id, 60)}]  {hit.score:.3f}")
        if document and document.body:
            say(f"     {_line(document.body, EXCERPT_CHARACTERS)}")
        if explain:
            for line in (_evidence(hit), *_reasons(hit, result.notes.get(hit.document_id, ()))):
                say(f"     {line}")
    took = result.milliseconds["total"]
    say(f"\n{_counted(result)}{result.configuration}, release {result.release}, {took:.1f} ms")


def _counted(result: SearchResult) -> str:
    """How many documents were found, where that is known."""
    if result.total is None:
        return ""
    return f"{result.total:,} found, "


def _line(text: str, characters: int) -> str:
    line = " ".join(printable(text[: 2 * characters]).split())
    return line if len(line) <= characters else line[: characters - 1] + "…"


def _evidence(hit: Hit) -> str:
    parts = []
    for part in hit.evidence:
        rank = f"rank {part.rank}" if part.rank is not None else "completed"
        score = "no score" if part.score is None else f"score {part.score:.3f}"
        parts.append(f"{part.leg}: {rank}, {score}, share {part.share:.4f}")
    return "; ".join(parts)


def _reasons(hit: Hit, notes: Sequence[str]) -> list[str]:
    """What features and rules did, where they did something."""
    lines = []
    if hit.contributions:
        ordered = sorted(hit.contributions, key=lambda part: -abs(part.contribution))
        shown, rest = ordered[:MOST_FEATURES], ordered[MOST_FEATURES:]
        parts = [f"{part.feature} {part.contribution:+.3f}" for part in shown]
        if rest:
            together = sum(part.contribution for part in rest)
            parts.append(f"the other {len(rest)} {together:+.3f}")
        lines.append(f"score: {', '.join(parts)}")
    return lines + [f"rule: {note_of_it}" for note_of_it in notes]
