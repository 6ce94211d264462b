"""``tandem status``. It opens no index and writes nothing, so it works beside a process that owns
the data folder.
"""

from dataclasses import dataclass
from typing import Any

from api.bootstrap import (
    check_engines,
    lexical_store,
    open_catalog,
    require_data_folder,
    vector_store,
)
from api.commands.options import AsJson, ConfigFile, DataDir, settings
from api.console import FOUND, PROBLEM, printable, say, say_json
from tandem.catalog.catalog import Catalog
from tandem.protocols import LexicalStore, VectorStore
from tandem.schema import describe

SHOWN_FAILURES = 10
CURRENT, BEHIND, MISSING = "current", "behind", "missing"
"""What state an index is in. A missing one is gone, or another than the one that was built here."""


def run(data_dir: DataDir = None, config: ConfigFile = None, as_json: AsJson = False) -> int:
    """Show what each collection holds, and how far each index has followed the log."""
    chosen = settings(config, data_dir, None)
    check_engines(chosen)
    require_data_folder(chosen)
    catalog = open_catalog(chosen)
    look = Look(catalog, lexical_store(chosen), vector_store(chosen))
    try:
        states = [look.collection(name) for name in catalog.releases.collections()]
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


@dataclass(frozen=True, slots=True)
class Look:
    """What can be known without opening an index: the catalogue, and which index folders stand."""

    catalog: Catalog
    lexical: LexicalStore
    vector: VectorStore

    def collection(self, name: str) -> dict[str, Any]:
        """Everything that there is to know of one collection that has a live release."""
        live = self.catalog.releases.live(name)
        assert live is not None, "collections() lists what is live"
        generation = self.catalog.releases.generation(live.generation)
        lexical, vector = generation.lexical_name, generation.vector_name
        return {
            "collection": name,
            "documents": self.catalog.documents.count(name),
            "release": live.number,
            "generation": generation.number,
            "embedder": generation.embedder,
            "passage_tokens": generation.passage_tokens,
            "analysis": generation.analysis,
            "fields": describe(generation.schema),
            "indexes": {
                "lexical": self._index(name, lexical, self.lexical.identity(lexical)),
                "vector": self._index(name, vector, self.vector.identity(vector)),
            },
        }

    def _index(self, collection: str, name: str, identity: str | None) -> dict[str, Any]:
        checkpoints = self.catalog.checkpoints
        checkpoint = checkpoints.read(name)
        applied = checkpoint.applied if checkpoint else 0
        missing = checkpoint is not None and applied > 0 and identity != checkpoint.identity
        if missing:
            applied = 0
        behind = self.catalog.documents.behind(collection, applied)
        return {
            "state": MISSING if missing else BEHIND if behind else CURRENT,
            "applied": applied,
            "behind": behind,
            "refused": checkpoints.failure_count(name),
            "failures": [
                {"document_id": failure.document_id, "reason": failure.reason}
                for failure in checkpoints.failures(name, SHOWN_FAILURES)
            ],
        }


def _show(state: dict[str, Any]) -> None:
    say(f"\n{state['collection']}: {state['documents']:,} documents, release {state['release']}")
    say(f"  embedder  {state['embedder']}, passages of {state['passage_tokens']} tokens")
    fields = ", ".join(f"{row['field']} ({row['type']})" for row in state["fields"])
    say(f"  fields    {printable(fields)}")
    for leg, index in state["indexes"].items():
        said = {
            CURRENT: "current",
            BEHIND: f"{index['behind']:,} change{'s' * (index['behind'] != 1)} behind",
            MISSING: "missing: built again by the next command",
        }[index["state"]]
        refused = f", {index['refused']:,} documents refused" if index["refused"] else ""
        say(f"  {leg:<9} {said} (applied up to sequence {index['applied']:,}){refused}")
        for failure in index["failures"]:
            say(f"    {printable(failure['document_id'])}: {printable(failure['reason'])}")
