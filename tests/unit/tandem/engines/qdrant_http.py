"""The requests that Tandem sends to a Qdrant server, answered over HTTP by the local mode.

Bodies are read with the client's own models of the server's interface, so that a request which the
server would not understand fails here.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, TypeAdapter
from qdrant_client import QdrantClient, models
from qdrant_client.http.models import PointInsertOperations, PointsSelector

Answer = Callable[[QdrantClient, str, Any], Any]


def _create(engine: QdrantClient, name: str, sent: models.CreateCollection) -> Any:
    return engine.create_collection(name, sent.vectors)


def _index(engine: QdrantClient, name: str, sent: models.CreateFieldIndex) -> Any:
    return engine.create_payload_index(name, sent.field_name, sent.field_schema)


def _upsert(engine: QdrantClient, name: str, sent: Any) -> Any:
    return engine.upsert(name, sent.points)


def _query(engine: QdrantClient, name: str, sent: models.QueryRequest) -> Any:
    return engine.query_points(
        name,
        sent.query,
        using=sent.using,
        query_filter=sent.filter,
        limit=sent.limit or 10,
        with_payload=sent.with_payload or False,
    )


def _scroll(engine: QdrantClient, name: str, sent: models.ScrollRequest) -> Any:
    points, following = engine.scroll(
        name,
        sent.filter,
        limit=sent.limit or 10,
        offset=sent.offset,
        with_payload=sent.with_payload or False,
        with_vectors=sent.with_vector or False,
    )
    return models.ScrollResult(points=points, next_page_offset=following)


def _count(engine: QdrantClient, name: str, sent: models.CountRequest) -> Any:
    return engine.count(name, sent.filter)


ROUTES: dict[str, tuple[Any, Answer]] = {
    "GET /aliases": (None, lambda engine, _, __: engine.get_aliases()),
    "POST /collections/aliases": (
        models.ChangeAliasesOperation,
        lambda engine, _, sent: engine.update_collection_aliases(sent.actions),
    ),
    "GET /collections": (None, lambda engine, _, __: engine.get_collections()),
    "GET /collections/NAME": (None, lambda engine, name, _: engine.get_collection(name)),
    "PUT /collections/NAME": (models.CreateCollection, _create),
    "DELETE /collections/NAME": (None, lambda engine, name, _: engine.delete_collection(name)),
    "PUT /collections/NAME/index": (models.CreateFieldIndex, _index),
    "PUT /collections/NAME/points": (PointInsertOperations, _upsert),
    "POST /collections/NAME/points/delete": (
        PointsSelector,
        lambda engine, name, sent: engine.delete(name, sent),
    ),
    "POST /collections/NAME/points/query": (models.QueryRequest, _query),
    "POST /collections/NAME/points/scroll": (models.ScrollRequest, _scroll),
    "POST /collections/NAME/points/count": (models.CountRequest, _count),
}


class HttpQdrant:
    """See the module. ``asked`` lists method, route and query string of every request; while
    ``answers`` is not set, requests are accepted and wait.
    """

    def __init__(self, engine: QdrantClient) -> None:
        self.answers = threading.Event()
        self.answers.set()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._engine = engine
        self._turn = threading.Lock()

    def answer(self, method: str, target: str, body: bytes) -> Any:
        """What the server answers, as JSON values."""
        self.answers.wait()
        parts = urlsplit(target)
        if parts.path == "/":
            return self._engine.info().model_dump()
        named = re.match(r"/collections/(tandem-[^/]+)", parts.path)
        name = named[1] if named else ""
        route = f"{method} {parts.path.replace(name, 'NAME') if name else parts.path}"
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        kind, ask = ROUTES[route]
        with self._turn:
            self.asked.append((route, options))
            sent = TypeAdapter(kind).validate_json(body) if kind else None
            told = ask(self._engine, name, sent)
        result = told.model_dump(mode="json") if isinstance(told, BaseModel) else told
        return {"result": result, "status": "ok", "time": 0.0}


@contextmanager
def serving(engine: QdrantClient, port: int = 0) -> Iterator[tuple[str, HttpQdrant]]:
    """The server's URL, and the server; at a free port, or at that one."""
    qdrant = HttpQdrant(engine)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                status, told = 200, qdrant.answer(self.command, self.path, body)
            except Exception as error:
                status, told = 400, {"status": {"error": repr(error)}}
            content = json.dumps(told).encode()
            with suppress(ConnectionError):  # whoever asked waits no more
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - its names

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"qdrant+http://127.0.0.1:{server.server_address[1]}", qdrant
    finally:
        qdrant.answers.set()
        server.shutdown()
        thread.join()
        server.server_close()
