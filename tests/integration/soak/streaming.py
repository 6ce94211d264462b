"""One batch that goes on and on: its lines are sent one by one while those of the reply come."""

import http.client
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from tandem.client.errors import ServerUnavailable
from tandem.documents import Document

if TYPE_CHECKING:
    from tests.integration.soak.traffic import Load

IDS = 40
PAUSE_SECONDS = 0.02
TIMEOUT_SECONDS = 60


class Streamer:
    """Sends lines until it is over or the server ends its reply."""

    def __init__(self, load: "Load", name: str, seed: str) -> None:
        self._name = name
        self._load = load
        self._seed = seed
        self._sent: list[Document] = []
        self._is_ended = threading.Event()
        self._is_last_line_told = False

    def run(self) -> None:
        """Until then."""
        at = urlsplit(self._load.address)
        connection = http.client.HTTPConnection(at.hostname or "", at.port, TIMEOUT_SECONDS)
        sender = threading.Thread(target=self._send, args=(connection,), daemon=True)
        try:
            connection.putrequest("POST", "/v1/documents:batch")
            connection.putheader("content-type", "application/x-ndjson")
            connection.putheader("transfer-encoding", "chunked")
            connection.endheaders()
            sender.start()
            self._hear(connection.getresponse())
        except (OSError, http.client.HTTPException) as error:
            lost = ServerUnavailable(f"the batch without end: {error!r}")
            self._load.failures.append((self._name, lost))
        finally:
            self._is_ended.set()
            if sender.ident is not None:
                sender.join(TIMEOUT_SECONDS)
            connection.close()

    def _send(self, connection: http.client.HTTPConnection) -> None:
        number = 0
        try:
            while not self._is_ended.is_set() and not self._load.is_over.wait(PAUSE_SECONDS):
                self._send_line(connection, number)
                number += 1
            connection.send(b"0\r\n\r\n")
        except OSError:
            return  # whoever hears the reply knows why

    def _send_line(self, connection: http.client.HTTPConnection, number: int) -> None:
        document_id = f"{self._name}-{number % IDS}"
        document = Document(document_id, "", f"text s{self._seed}x{number}", {"kind": "stream"})
        self._load.books.sending(document_id, document)
        self._sent.append(document)
        content = {"body": document.body, "attributes": dict(document.attributes)}
        line = orjson.dumps({"document_id": document_id, "document": content}) + b"\n"
        connection.send(b"%x\r\n%s\r\n" % (len(line), line))

    def _hear(self, reply: http.client.HTTPResponse) -> None:
        for line in reply:
            told = orjson.loads(line)
            if "summary" in told:
                self._is_last_line_told = True
                self._is_ended.set()
                continue
            document = self._sent[told["line"] - 1]
            self._load.books.acknowledged(document.document_id, document, told["sequence"])
            self._load.books.count("streamed")
        if not self._is_last_line_told:
            self._load.seen.broken(f"the batch without end: {reply.status}, without a last line")
            raise http.client.IncompleteRead(b"")
