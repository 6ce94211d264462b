"""``tandem status``. It opens no index and writes nothing, so it works beside a process that owns
the data folder.
"""

from collections.abc import Mapping
from typing import Any

from api.bootstrap import require_data_folder
from api.commands.options import AsJson, ConfigFile, DataDir, settings
from api.console import FOUND, PROBLEM, printable, say, say_json
from api.engines import check_engines, lexical_store, open_catalog, vector_store
from api.look import AT_WORK, BEHIND, CURRENT, MISSING, UNREACHABLE, Look
from api.tuned import search_told
from api.wanted import pending_change
from tandem.catalog.catalog import Catalog
from tandem.catalog.ownership import owner_of
from tandem.settings import Settings

MEGABYTE = 1024 * 1024


def run(data_dir: DataDir = None, config: ConfigFile = None, as_json: AsJson = False) -> int:
    """Show what each collection holds, how far each index is, and how the engines are.

    Leaves with 1 when an index refused documents, or an engine or the event log cannot be used.
    """
    chosen = settings(config, data_dir, None)
    check_engines(chosen)
    require_data_folder(chosen)
    owner = owner_of(chosen.data_dir)
    catalog = open_catalog(chosen)
    try:
        look = Look(catalog, lexical_store(chosen, catalog), vector_store(chosen, catalog))
        catalogue, engines, event_log = look.catalogue(), look.engines(), look.event_log()
        states = [
            look.collection(name, engines) | {"pending": _pending(chosen, catalog, name)}
            for name in catalog.releases.collections()
        ]
        cached = catalog.embedding_bytes()
        look.lexical.close()
        look.vector.close()
    finally:
        catalog.close()
    if as_json:
        say_json(
            {
                "data_dir": str(chosen.data_dir),
                "owner": owner,
                "catalogue": catalogue,
                "engines": engines,
                "event_log": event_log,
                "embedding_cache": {"bytes": cached},
                "collections": states,
            }
        )
    else:
        say(f"data folder {chosen.data_dir}" + (f", in use by {owner}" if owner else ""))
        for leg, health in {"catalogue": catalogue, **engines}.items():
            say(f"  {leg:<9} {_health(health)}")
        say(f"  event log {_event_log(event_log)}")
        say(f"  embedding cache {_room(cached)}")
        for state in states:
            _show(state)
        if not states:
            say("no collection yet: tandem index FILE")
    return PROBLEM if _is_troubled([*engines.values(), event_log], states) else FOUND


def _pending(chosen: Settings, catalog: Catalog, name: str) -> str | None:
    """What the settings ask for and is not live; they are those of one collection."""
    live = catalog.releases.live(name)
    if name != chosen.collection or live is None:
        return None
    return pending_change(chosen, catalog.releases.generation(live.generation))


def _is_troubled(parts: list[dict[str, Any]], states: list[dict[str, Any]]) -> bool:
    refused = any(leg["refused"] for state in states for leg in state["indexes"].values())
    return refused or any(health["state"] not in AT_WORK for health in parts)


def _health(health: dict[str, Any]) -> str:
    detail = f": {printable(health['detail'])}" if health["detail"] else ""
    return f"{health['engine']} {health['version']}, {health['state']}{detail}"


def _event_log(found: dict[str, Any]) -> str:
    if found["bytes"] is None:
        return f"{found['state']}: {printable(found['detail'])}"
    return f"{found['state']}, {_room(found['bytes'])}"


def _room(size: int) -> str:
    return f"{size / MEGABYTE:,.1f} MB"


def _model(state: dict[str, Any]) -> str:
    if (model := state["model"]) is not None:
        made = f"{model['created_at']:%Y-%m-%d %H:%M} UTC"
        return f"{model['model']}, learned from {printable(model['kind'])}, {made}"
    return printable(state["left_model"] or "none: the order is untrained")


def _show(state: dict[str, Any]) -> None:
    say(f"\n{state['collection']}: {state['documents']:,} documents, release {state['release']}")
    say(f"  embedder  {state['embedder']}, passages of {state['passage_tokens']} tokens")
    say(f"  analysis  {state['analysis']}")
    say(f"  model     {_model(state)}")
    if state["search"] is not None:
        say(f"  search    of this release: {printable(search_told(state['search']))}")
    fields = ", ".join(f"{row['field']} ({row['type']})" for row in state["fields"])
    if state["events"] is not None:
        events, impressions = state["events"], state["impressions"]
        said = f"{events:,} event{'s' * (events != 1)}"
        logged = f", features of {state['features']:,} ({_room(state['feature_bytes'])})"
        shown = f"{impressions:,} impression{'s' * (impressions != 1)}"
        say(f"  behaviour {said}, {shown}{logged if state['features'] else ''}")
        if state["erased"] or state["erasing"]:
            waiting = f", {state['erasing']:,} being erased" if state["erasing"] else ""
            say(f"  erased    {state['erased']:,} people{waiting}")
    say(f"  fields    {printable(fields)}")
    if state["pending"] is not None:
        say(f"  pending   {printable(state['pending'])}")
    for leg, index in state["indexes"].items():
        _show_index(leg, index)
    for other in state["generations"]:
        say(
            f"  generation {other['generation']}, {other['state']}, "
            f"{other['analysis']}, {other['embedder']}"
        )
        if other["trouble"] is not None:
            say(f"  unusable  {printable(other['trouble'])}")
        for leg, index in other["indexes"].items():
            _show_index(leg, index)
    for task in state["tasks"]:
        say(f"  task {task['task']}: {task['kind']}, {task['state']}{_progress(task['progress'])}")


def _progress(progress: Mapping[str, Any]) -> str:
    legs = [
        f"{leg['leg']} {leg['applied']:,} of {leg['head']:,}" for leg in progress.get("legs", ())
    ]
    left = progress.get("seconds_left")
    return "".join(
        [
            f", {progress['stage']}" if progress else "",
            f": {', '.join(legs)}" if legs else "",
            f", about {left:,.0f} s left" if left else "",
        ]
    )


def _show_index(leg: str, index: dict[str, Any]) -> None:
    behind = f"{index['behind']:,} change{'s' * (index['behind'] != 1)} behind"
    said = {
        CURRENT: "current",
        BEHIND: f"{behind}, {index['behind_seconds']:,.0f} s",
        MISSING: "missing: built again by the next command",
        UNREACHABLE: "the engine does not answer",
    }[index["state"]]
    refused = f", {index['refused']:,} documents refused" if index["refused"] else ""
    room = "" if index["bytes"] is None else f", {_room(index['bytes'])}"
    held = f", {index['documents']:,} documents up to sequence {index['applied']:,}"
    say(f"  {leg:<9} {said}{held}{room}{refused}")
    if index["holder"] is not None:
        say(f"    held by {printable(index['holder'])}")
    if index["verified"] is not None:
        say(f"    {_verified(index['verified'])}")
    for failure in index["failures"]:
        say(f"    {printable(failure['document_id'])}: {printable(failure['reason'])}")


def _verified(verified: dict[str, Any]) -> str:
    drift = ", ".join(f"{count:,} {kind}" for kind, count in verified["findings"].items() if count)
    repaired = f", {verified['repaired']:,} repaired" if verified["repaired"] else ""
    return f"verified {verified['at']:%Y-%m-%d %H:%M} UTC: {drift or 'no drift'}{repaired}"
