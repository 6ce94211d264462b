"""``tandem status``. It looks at the catalogue only, so it works beside a process that owns it."""

from typing import Any

from api.bootstrap import open_catalog, require_data_folder
from api.commands.options import AsJson, ConfigFile, DataDir, settings
from api.console import FOUND, PROBLEM, printable, say, say_json
from tandem.catalog.catalog import Catalog
from tandem.catalog.releases import Generation
from tandem.schema import describe

SHOWN_FAILURES = 10


def run(data_dir: DataDir = None, config: ConfigFile = None, as_json: AsJson = False) -> int:
    """Show what each collection holds, and how far each index has followed the log."""
    chosen = settings(config, data_dir, None)
    require_data_folder(chosen)
    catalog = open_catalog(chosen)
    try:
        names = catalog.releases.collections()
        states = [collection_state(catalog, name) for name in names]
    finally:
        catalog.close()
    if as_json:
        say_json({"data_dir": str(chosen.data_dir), "collections": states})
    else:
        say(f"data folder {chosen.data_dir}")
        for state in states:
            _show(state)
        if not states:
            say("no collection yet: tandem index FILE")
    troubled = any(leg["refused"] for state in states for leg in state["indexes"].values())
    return PROBLEM if troubled else FOUND


def collection_state(catalog: Catalog, name: str) -> dict[str, Any]:
    """Everything that there is to know of one collection."""
    live = catalog.releases.live(name)
    assert live is not None, "collections() lists what is live"
    generation = catalog.releases.generation(live.generation)
    return {
        "collection": name,
        "documents": catalog.documents.count(name),
        "release": live.number,
        "generation": generation.number,
        "embedder": generation.embedder,
        "passage_tokens": generation.passage_tokens,
        "analysis": generation.analysis,
        "fields": describe(generation.schema),
        "indexes": _indexes(catalog, generation),
    }


def _indexes(catalog: Catalog, generation: Generation) -> dict[str, dict[str, Any]]:
    states = {}
    for leg, name in (("lexical", generation.lexical_name), ("vector", generation.vector_name)):
        checkpoint = catalog.checkpoints.read(name)
        applied = checkpoint.applied if checkpoint else 0
        failures = catalog.checkpoints.failures(name, SHOWN_FAILURES)
        states[leg] = {
            "applied": applied,
            "behind": catalog.documents.behind(generation.collection, applied),
            "refused": catalog.checkpoints.failure_count(name),
            "failures": [
                {"document_id": failure.document_id, "reason": failure.reason}
                for failure in failures
            ],
        }
    return states


def _show(state: dict[str, Any]) -> None:
    say(f"\n{state['collection']}: {state['documents']:,} documents, release {state['release']}")
    say(f"  embedder  {state['embedder']}, passages of {state['passage_tokens']} tokens")
    fields = ", ".join(f"{row['field']} ({row['type']})" for row in state["fields"])
    say(f"  fields    {printable(fields)}")
    for leg, index in state["indexes"].items():
        behind = f"{index['behind']:,} changes behind" if index["behind"] else "current"
        refused = f", {index['refused']:,} documents refused" if index["refused"] else ""
        say(f"  {leg:<9} {behind} (applied up to sequence {index['applied']:,}){refused}")
        for failure in index["failures"]:
            say(f"    {printable(failure['document_id'])}: {printable(failure['reason'])}")
