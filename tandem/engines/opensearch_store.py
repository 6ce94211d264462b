"""Generations of OpenSearch indexes: an alias a name, and behind it one index a generation."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from tandem.analysis import Analysis
from tandem.engines.opensearch_client import MISSING_HINT, Server, parse_url
from tandem.engines.opensearch_index import OpenSearchIndex
from tandem.engines.opensearch_mapping import FORMAT, index_mapping, index_settings
from tandem.engines.opensearch_reader import Deadline
from tandem.errors import EngineError, SettingsError
from tandem.schema import Schema
from tandem.stores import EngineHealth

NAMESPACE = re.compile(r"^[a-z0-9][a-z0-9_-]{0,62}$")
SECONDS = 60.0
LOOK_SECONDS = 5.0
"""For what somebody who looks waits for: a hanging server must not hold up all of it."""
META = "tandem"

_STATES = {"green": "ok", "yellow": "degraded"}
"""What the cluster says, in our words. Where it is red, some index answers nobody."""


class _Physical(NamedTuple):
    """One index as OpenSearch lists it; ``name`` is empty for one that Tandem did not make."""

    index_name: str
    name: str
    analysis: str
    format: int
    aliases: frozenset[str]


class OpenSearchStore:
    """Indexes named ``tandem-NAMESPACE-NAME-IDENTITY`` behind the alias ``tandem-NAMESPACE-NAME``,
    through which everything is read and written.

    Data folders that share a server need namespaces of their own: 1 to 63 lower-case letters,
    digits, - or _. ``replicas`` beyond 0 need as many more nodes.
    """

    def __init__(self, url: str, *, namespace: str, shards: int = 1, replicas: int = 0) -> None:
        if not NAMESPACE.fullmatch(namespace):
            raise SettingsError(
                f"the namespace {namespace!r} is not 1 to 63 lower-case letters, digits, - or _"
            )
        self._server = Server(parse_url(url))
        self._namespace = namespace
        self._shards = shards
        self._replicas = replicas

    def identity(self, name: str) -> str | None:
        """See ``LexicalStore``."""
        alias = self._alias(name)
        held = self._server.ask(f"GET /_alias/{alias}", seconds=LOOK_SECONDS, ignore=(404,))
        beginning = f"{alias}-"
        found = [index for index in held if index.startswith(beginning)] if _is_ok(held) else []
        return found[0].removeprefix(beginning) if found else None

    def create(
        self, name: str, identity: str, schema: Schema, analysis: Analysis
    ) -> OpenSearchIndex:
        """See ``LexicalStore``."""
        alias = self._alias(name)
        index = f"{alias}-{identity}"
        replaced = []
        for there in self._of(name):
            # what never got the alias is left from a create that did not finish
            if there.index_name == index or alias not in {there.index_name, *there.aliases}:
                self._delete(there.index_name)
            else:
                replaced.append(there.index_name)
        meta = {
            "namespace": self._namespace,
            "name": name,
            "identity": identity,
            "analysis": analysis.name,
            "format": FORMAT,
        }
        body = {
            "settings": index_settings(schema, analysis, self._shards, self._replicas),
            "mappings": index_mapping(schema, {META: meta}),
        }
        self._server.ask(f"PUT /{index}", body, seconds=SECONDS)
        actions: list[dict[str, Any]] = [{"remove_index": {"index": old}} for old in replaced]
        actions.append({"add": {"index": index, "alias": alias}})
        self._server.ask("POST /_aliases", {"actions": actions}, seconds=SECONDS)
        return OpenSearchIndex(self._server, alias, schema, analysis)

    def open(self, name: str, schema: Schema, analysis: Analysis) -> OpenSearchIndex:
        """See ``LexicalStore``."""
        alias = self._alias(name)
        there = [item for item in self._of(name) if alias in item.aliases]
        if not there:
            raise EngineError(
                f"OpenSearch at {self._server.shown} has no index {alias}", hint=MISSING_HINT
            )
        if there[0].format != FORMAT:
            raise EngineError(
                f"the index {there[0].index_name} at {self._server.shown} has format "
                f"{there[0].format}, this Tandem writes and reads {FORMAT}",
                hint="build a new generation: tandem reindex; or use the Tandem that made it",
            )
        if there[0].analysis != analysis.name:
            raise EngineError(
                f"the index {there[0].index_name} at {self._server.shown} was built with the text "
                f"analysis {there[0].analysis!r}, its generation says {analysis.name!r}",
                hint="build a new generation: tandem reindex",
            )
        return OpenSearchIndex(self._server, alias, schema, analysis)

    def drop(self, name: str) -> None:
        """See ``LexicalStore``."""
        for there in self._of(name):
            self._delete(there.index_name)

    def names(self) -> Sequence[str]:
        """See ``LexicalStore``; an index without its alias is left from an interrupted create."""
        return sorted({item.name for item in self._all(LOOK_SECONDS) if item.name})

    def publish(self, alias: str, name: str) -> None:
        """See ``LexicalStore``. An alias that leads elsewhere than to Tandem's own is not moved.

        Raises:
            EngineError: it is taken, or there is no such index.
        """
        target = self._alias(name)
        answer = self._server.ask(
            f"GET /_alias/{quote(alias, safe='')}", seconds=SECONDS, ignore=(404,)
        )
        held = list(answer) if _is_ok(answer) else []
        foreign = [index for index in held if not index.startswith(f"tandem-{self._namespace}-")]
        if foreign:
            raise EngineError(
                f"the alias {alias!r} leads to the index {foreign[0]!r}, which Tandem did not make",
                hint="choose another alias, or take it off that index",
            )
        found = [item.index_name for item in self._of(name) if target in item.aliases]
        if not found:
            raise EngineError(
                f"OpenSearch at {self._server.shown} has no index {target}", hint=MISSING_HINT
            )
        actions: list[dict[str, Any]] = [
            {"remove": {"index": index, "alias": alias}} for index in held if index != found[0]
        ]
        # people read through it; what they wrote would not be in the log
        added = {"index": found[0], "alias": alias, "is_write_index": False}
        actions.append({"add": added})
        self._server.ask("POST /_aliases", {"actions": actions}, seconds=SECONDS)

    def bytes_on_disk(self, name: str) -> int | None:
        """See ``LexicalStore``; copies are counted."""
        answer = self._server.ask(
            f"GET /{self._alias(name)}/_stats/store", seconds=LOOK_SECONDS, ignore=(404,)
        )
        return int(answer["_all"]["total"]["store"]["size_in_bytes"]) if _is_ok(answer) else None

    def health(self) -> EngineHealth:
        """See ``LexicalStore``; ``detail`` has the status of this namespace's indexes."""
        version, limit = "", Deadline(LOOK_SECONDS)
        try:
            version = self._server.ask("GET /", seconds=limit.left)["version"]["number"]
            told = self._server.ask(
                f"GET /_cluster/health/tandem-{self._namespace}-*", seconds=limit.left
            )
        except EngineError as error:
            return EngineHealth("opensearch", version, "unreachable", str(error))
        except (KeyError, TypeError):
            detail = f"what answers at {self._server.shown} is not OpenSearch"
            return EngineHealth("opensearch", version, "unreachable", detail)
        state = _STATES.get(told["status"], "unusable")
        return EngineHealth("opensearch", version, state, f"cluster status {told['status']}")

    def close(self) -> None:
        """See ``LexicalStore``."""
        self._server.close()

    def _alias(self, name: str) -> str:
        return f"tandem-{self._namespace}-{name}"

    def _of(self, name: str) -> list[_Physical]:
        """The indexes of a name, and one that somebody let OpenSearch make up under its alias."""
        alias = self._alias(name)
        return [item for item in self._all() if item.name == name or item.index_name == alias]

    def _all(self, seconds: float = SECONDS) -> Iterator[_Physical]:
        """The namespace's indexes; what they are is kept inside, as names may begin alike."""
        listed = self._server.ask(
            f"GET /tandem-{self._namespace}-*",
            params={"filter_path": "*.aliases,*.mappings._meta"},
            seconds=seconds,
        )
        for index, told in (listed or {}).items():
            meta: Mapping[str, Any] = told.get("mappings", {}).get("_meta", {}).get(META, {})
            ours = meta.get("namespace") == self._namespace
            yield _Physical(
                index,
                meta["name"] if ours else "",
                meta.get("analysis", ""),
                meta.get("format", 1),
                frozenset(told.get("aliases", {})),
            )

    def _delete(self, index: str) -> None:
        self._server.ask(f"DELETE /{index}", seconds=SECONDS, ignore=(404,))


def _is_ok(answer: Mapping[str, Any]) -> bool:
    """Whether an answer that may be a 404 is not one."""
    return "error" not in answer
