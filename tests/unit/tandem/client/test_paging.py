"""Page by page, and hit by hit."""

from typing import Any

import httpx
import orjson
import pytest

from tandem.errors import CursorExpired
from tandem.queries import Query
from tests.scripted_server import Script, client_told, failing


def page(*names: str, cursor: str | None = None) -> httpx.Response:
    """A page of hits; those whose names begin with a dash are gone."""
    hits: list[dict[str, Any]] = [
        {"document_id": name, "rank": rank, "score": 0.5, "title": name, "body": ""}
        if not name.startswith("-")
        else {"document_id": name, "rank": rank, "score": 0.5, "gone": True}
        for rank, name in enumerate(names, 1)
    ]
    reply = {
        "query_id": "q", "configuration": "hybrid", "release": 1, "hits": hits, "total": 5,
        "reachable": 5, "frozen": True, "facets": None, "cursor": cursor, "did_you_mean": None,
        "degraded": [], "milliseconds": {},
    }  # fmt: skip
    return httpx.Response(200, json=reply)


def test_every_page_is_asked_for_when_it_is_wanted() -> None:
    """With the words of the first one, and the cursor of the one before."""
    served = Script(page("a", "b", cursor="1"), page("c", "-d", cursor="2"), page("e"))
    query = Query("snow", filters={"year": 1999}, limit=2, user_id="u")
    pages = client_told(served).pages(
        query, configuration="rrf", fields=["title"], explain=True, record=False, min_sequence=9
    )
    assert served.asked == []
    assert next(pages).cursor == "1"
    assert len(served.asked) == 1
    assert [found.page.document_ids for found in pages] == [("c", "-d"), ("e",)]
    words = {
        "q": "snow", "filter": {"year": 1999}, "limit": 2, "user_id": "u", "configuration": "rrf",
        "fields": ["title"], "explain": True, "record": False,
    }  # fmt: skip
    assert served.bodies == [
        {**words, "min_sequence": 9},
        {**words, "cursor": "1"},
        {**words, "cursor": "2"},
    ]


def test_pages_of_what_is_similar() -> None:
    """Each is asked for where the first one was."""
    served = Script(page("a", cursor="1"), page("b"))
    query = Query("", surface="similar", seed_document_id="d")
    assert len(list(client_told(served).pages(query))) == 2
    assert {asked.url.path for asked in served.asked} == {"/v1/documents/d/similar"}
    assert served.asked[1].url.params["cursor"] == "1"


def test_every_hit_with_its_document() -> None:
    """Over all pages; one that is gone has none."""
    served = Script(page("a", "-b", cursor="1"), page("c"))
    found = [
        (hit.document_id, document and document.title)
        for hit, document in client_told(served).hits("snow", record=False)
    ]
    assert found == [("a", "a"), ("-b", None), ("c", "c")]
    assert [orjson.loads(asked.content)["record"] for asked in served.asked] == [False, False]


def test_an_order_that_is_not_kept_any_more() -> None:
    """It is said, and not that there are no more."""
    served = Script(page("a", cursor="1"), failing(410, "cursor_expired"))
    hits = client_told(served).hits("snow")
    assert next(hits)[0].document_id == "a"
    with pytest.raises(CursorExpired, match="it is cursor_expired") as caught:
        next(hits)
    assert caught.value.hint == "next"
