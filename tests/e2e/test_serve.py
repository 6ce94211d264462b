"""``tandem serve`` as a process."""

import signal
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest

from tandem.client import Client
from tandem.client.errors import Refused
from tandem.events import Event
from tests.e2e.shop import Shop, ended, until

MOMENT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def test_from_nothing_to_an_answer_and_a_good_end(tmp_path: Path) -> None:
    """It starts before there is a collection and says what to do; what another shell indexes is
    found at once, since it follows the log.
    """
    shop = Shop(tmp_path)
    shop.configure()
    with (
        shop.running("serve", "--port", "0", said="serving at http://127.0.0.1:") as (serve, said),
        httpx2.Client(base_url=said.split()[2].rstrip(";")) as client,
    ):
        assert client.get("/health/live").json() == {"alive": True}
        missing = client.get("/health/ready")
        assert missing.status_code == 503
        assert "tandem index FILE" in missing.json()["error"]["hint"]
        assert client.get("/v1/search?q=word3").status_code == 404
        search = shop("search", "word3", "--json")
        assert (search.code, search.data["error"]["code"]) == (2, "collection_not_found")

        indexed = shop.done("index", shop.write(1, 5))
        assert f"process {serve.pid} (tandem serve" in indexed.err
        until(lambda: client.get("/health/ready").status_code == 200)

        reply = client.get("/v1/search", params={"q": "word3", "configuration": "lexical"})
        assert [hit["document_id"] for hit in reply.json()["hits"]] == ["d3"]
        assert reply.json()["degraded"] == []
        assert ended(serve, signal.SIGTERM) == (0, "")


def test_a_search_beside_a_server_asks_it(tmp_path: Path) -> None:
    """The engines are the server's: from another shell comes the same answer as without one, and
    no impression.
    """
    shop = Shop(tmp_path)
    shop.configure()
    shop.done("index", shop.write(1, 30))
    asked = ("search", "word3 text", "--limit", "4", "--explain")
    alone, told = shop.done(*asked), shop.done(*asked, "--json").data
    with shop.running("serve", "--port", "0", said="serving at http://127.0.0.1:") as (serve, said):
        address = said.split()[2].rstrip(";")
        with Client(address) as client:
            until(lambda: client.ready().legs["vector"]["state"] == "ok")
            beside = shop.done(*asked)
            assert _lines(beside.out) == _lines(alone.out)
            again = shop.done(*asked, "--json").data
            for name in ("hits", "total", "configuration", "release", "degraded", "applied"):
                assert again[name] == told[name], name
            filtered = shop("search", "x", "--filter", '{"kid": 1}')
            assert (filtered.code, "did you mean 'kind'" in filtered.err) == (2, True)
            other = shop("search", "x", "--collection", "films")
            assert other.code == 1
            assert "it serves the collection 'main', not 'films'" in other.err
            assert "--collection main" in other.err
            page = client.search("text")
            sent = client.send(
                [
                    Event("e1", "click", MOMENT, "d3", "ada", query_id=page.query.query_id),
                    Event("e2", "click", MOMENT, "d3", "ada", query_id="nobody-asked"),
                ]
            )
            assert (sent.accepted, sent.unknown_query_ids) == (2, ("nobody-asked",))
            assert client.send([Event("e1", "click", MOMENT)]).duplicates == 1
            assert client.suggest("tit").items == ()
        assert ended(serve, signal.SIGTERM) == (0, "")


def test_other_machines_need_a_key(tmp_path: Path) -> None:
    """Without one nobody listens for them; with one the commands beside it go on without."""
    shop = Shop(tmp_path)
    shop.configure()
    refused = shop("serve", "--host", "0.0.0.0")
    assert (refused.code, refused.out) == (2, "")
    assert "there is no key" in refused.err
    assert "tandem keys create" in refused.err
    shop.done("index", shop.write(1, 3))
    key = shop.done("keys", "create", "--name", "shop", "--scope", "search").out.strip()
    with shop.running(
        "serve", "--host", "0.0.0.0", "--port", "0", said="serving at http://0.0.0.0:"
    ) as (_, said):
        address = said.split()[2].rstrip(";").replace("0.0.0.0", "127.0.0.1")
        with Client(address) as stranger, pytest.raises(Refused) as raised:
            stranger.search("word3")
        assert raised.value.told == "unauthorized"
        with Client(address, key=key) as client:
            found = client.search("word3", configuration="lexical")
        beside = shop.done("search", "word3", "--configuration", "lexical", "--json").data
        ids = [hit.document_id for hit in found.page.hits]
        assert [hit["document_id"] for hit in beside["hits"]] == ids == ["d3"]


def _lines(shown: str) -> list[str]:
    """What was shown, without how long it took."""
    return shown.splitlines()[:-1]
