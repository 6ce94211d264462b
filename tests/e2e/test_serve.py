"""``tandem serve`` as a process."""

import signal
from pathlib import Path

import httpx2

from tests.e2e.shop import Shop, ended, until


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
        assert client.get("/v1/health").json() == {"alive": True}
        missing = client.get("/v1/ready")
        assert missing.status_code == 503
        assert "tandem index FILE" in missing.json()["error"]["hint"]
        assert client.get("/v1/search?q=word3").status_code == 404

        indexed = shop.done("index", shop.write(1, 5))
        assert f"process {serve.pid} (tandem serve" in indexed.err
        until(lambda: client.get("/v1/ready").status_code == 200)

        reply = client.get("/v1/search", params={"q": "word3", "configuration": "lexical"})
        assert [hit["document_id"] for hit in reply.json()["hits"]] == ["d3"]
        assert reply.json()["degraded"] == []
        assert ended(serve, signal.SIGTERM) == (0, "")
