"""Which engine a setting names. With ``bootstrap`` the only place that knows concrete ones."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from tandem.analysis import Analysis
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import database_url, file_url
from tandem.errors import SettingsError, TandemError
from tandem.settings import Settings, masked
from tandem.stores import LexicalStore, VectorStore

TANTIVY = "tantivy:"
OPENSEARCH = ("opensearch+http://", "opensearch+https://")
QDRANT_EDGE = "qdrant-edge:"
QDRANT = ("qdrant+http://", "qdrant+https://")
OWN_CATALOGUE = "sqlite:"
NAMESPACE_DIGITS = 12
"""How much of the log's id names a server's indexes: several Tandems may share one server."""


def is_embedded(settings: Settings) -> bool:
    """Whether an engine runs in this process, so that one process must own the data folder."""
    return settings.engines.lexical == TANTIVY or settings.engines.vector == QDRANT_EDGE


def is_on_servers(settings: Settings) -> bool:
    """Whether an index stands on a server, where it outlives the data folder."""
    return settings.engines.lexical != TANTIVY or settings.engines.vector != QDRANT_EDGE


def lexical_store(settings: Settings, catalog: Catalog) -> LexicalStore:
    """The lexical engine that the settings name.

    Raises:
        SettingsError: no engine answers to the URL.
    """
    url = settings.engines.lexical
    if url.startswith(OPENSEARCH):
        return _opensearch(settings, catalog.documents.log_id)
    _expect(url, "lexical", TANTIVY, OPENSEARCH)
    from tandem.engines.tantivy_store import TantivyStore

    return TantivyStore(settings.data_dir / "lexical")


def vector_store(settings: Settings, catalog: Catalog) -> VectorStore:
    """The vector engine that the settings name.

    Raises:
        SettingsError: no engine answers to the URL.
    """
    url = settings.engines.vector
    if url.startswith(QDRANT):
        return _qdrant(settings, catalog.documents.log_id)
    _expect(url, "vector", QDRANT_EDGE, QDRANT)
    from tandem.engines.qdrant_edge_index import QdrantEdgeStore

    return QdrantEdgeStore(settings.data_dir / "vector")


def drop_from_servers(
    settings: Settings, log_id: str, lexical_names: Sequence[str], vector_names: Sequence[str]
) -> list[str]:
    """Remove indexes of a catalogue that is gone from the servers that the settings name, as its
    log's id tells them apart there. What could not be removed, and why.
    """
    legs = (
        (settings.engines.lexical, OPENSEARCH, _opensearch, lexical_names),
        (settings.engines.vector, QDRANT, _qdrant, vector_names),
    )
    left: list[str] = []
    for url, servers, opened, names in legs:
        if not url.startswith(servers) or not names:
            continue
        try:
            with closing(opened(settings, log_id)) as store:
                for name in names:
                    store.drop(name)
        except TandemError as error:
            left.append(f"{', '.join(names)} at {masked(url)}: {error}")
    return left


def on_server(log_id: str) -> str:
    """How the names of a catalogue's indexes begin on a server."""
    return f"tandem-{log_id[:NAMESPACE_DIGITS]}-"


def _opensearch(settings: Settings, log_id: str) -> LexicalStore:
    from tandem.engines.opensearch_store import OpenSearchStore

    return OpenSearchStore(
        settings.engines.lexical,
        namespace=log_id[:NAMESPACE_DIGITS],
        shards=settings.engines.lexical_shards,
        replicas=settings.engines.lexical_replicas,
    )


def _qdrant(settings: Settings, log_id: str) -> VectorStore:
    from tandem.engines.qdrant_connection import connect
    from tandem.engines.qdrant_store import QdrantStore

    return QdrantStore(connect(settings.engines.vector), namespace=log_id[:NAMESPACE_DIGITS])


def analyser(analysis: Analysis) -> Callable[[str], Sequence[str]]:
    """What gives the searchable words of a text in this process, whichever engine has the index:
    the same analysis is the same words in all of them.
    """
    from tandem.engines.tantivy_mapping import build_analyzer

    return build_analyzer(analysis).analyze


def catalogue_url(settings: Settings) -> sa.URL:
    """The catalogue that the settings name; by default it stands in the data folder.

    Raises:
        SettingsError: the URL is of no database that is built in.
    """
    if settings.engines.catalog == OWN_CATALOGUE:
        return file_url(settings.data_dir.absolute() / "documents.sqlite")
    return database_url(settings.engines.catalog)


def catalogue_file(settings: Settings) -> Path | None:
    """The catalogue's file; ``None`` where it is on a server."""
    url = catalogue_url(settings)
    return Path(str(url.database)).absolute() if url.drivername.startswith("sqlite") else None


def open_catalog(settings: Settings) -> Catalog:
    """The catalogue that the settings name, and the embedding cache in the data folder."""
    embeddings = settings.data_dir.absolute() / "embeddings.sqlite"
    file = catalogue_file(settings)
    return Catalog(
        catalogue_url(settings) if file is None else file_url(file), file_url(embeddings)
    )


def check_engines(settings: Settings) -> None:
    """Refuse URLs that no engine answers to, before anything is made or opened.

    Raises:
        SettingsError: it names the setting.
    """
    _expect(settings.engines.lexical, "lexical", TANTIVY, OPENSEARCH)
    _expect(settings.engines.vector, "vector", QDRANT_EDGE, QDRANT)
    catalogue_url(settings)


def _expect(url: str, leg: str, embedded: str, servers: tuple[str, ...]) -> None:
    if url != embedded and not url.startswith(servers):
        raise SettingsError(
            f"setting 'engines.{leg}': no engine answers to {masked(url)!r}, expected {embedded} "
            f"or {servers[0]}HOST:PORT",
            hint=f"leave the setting out, or set it to {embedded}",
        )
