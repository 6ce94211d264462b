"""What documents and addresses hold is text, whatever it looks like."""

import json
from urllib.parse import urlencode

from playwright.sync_api import expect

from tests.e2e.page.served import HOSTILE
from tests.e2e.page.watched import Watched


def test_a_hostile_document_is_shown_as_it_is_written(visit: Watched) -> None:
    """Title, passage, attributes, facets, suggestions and the comparison."""
    page = visit.open("/?q=hostile")
    hit = page.locator(".hit").first
    expect(hit.get_by_role("button", name=f"Hostile {HOSTILE}")).to_be_visible()
    expect(hit).to_contain_text(f"hostile {HOSTILE} body")
    expect(hit.locator("mark").first).to_have_text("Hostile")
    expect(page.get_by_role("checkbox", name=f"hostile {HOSTILE}")).to_be_visible()
    assert "javascript" not in page.locator("#list").inner_html()
    box = visit.box
    box.fill("")
    box.press_sequentially("hosti")
    expect(visit.suggestions.first).to_contain_text(HOSTILE)
    visit.open("/?q=hostile&view=compare")
    expect(page.get_by_role("region", name="Lexical").locator("li").first).to_contain_text(HOSTILE)
    assert page.locator("#list img, #list script").count() == 0


def test_a_hostile_address_is_shown_as_it_is_written(visit: Watched) -> None:
    """Every part of it."""
    page = visit.page
    asked = {
        "q": f"stream {HOSTILE}",
        "filter": json.dumps({"kind": [HOSTILE]}),
        "person": HOSTILE,
    }
    page = visit.open(f"/?{urlencode(asked)}")
    expect(page.get_by_role("button", name=f"Remove filter Kind: {HOSTILE}")).to_be_visible()
    expect(visit.box).to_have_value(asked["q"])
    visit.page.goto(f"{visit.address}/?{urlencode({'similar': HOSTILE})}")
    expect(page.get_by_role("alert")).to_be_visible()
    visit.forgive("404")
    visit.page.goto(f"{visit.address}/?{urlencode({'q': 'x', 'configuration': HOSTILE})}")
    expect(page.get_by_role("alert")).to_be_visible()
    visit.forgive("400")
    visit.page.goto(f"{visit.address}/?{urlencode({'q': 'x', 'filter': HOSTILE})}")
    expect(page.get_by_role("button", name=f"Remove filter {HOSTILE}")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_visible()
    visit.forgive("400")
    assert page.locator("main img, main script").count() == 0


def test_only_marks_of_the_server_s_html_are_taken(visit: Watched) -> None:
    """Should it ever send others, they are text."""

    def wicked(reply: dict[str, object]) -> dict[str, object]:
        hits = reply["hits"]
        assert isinstance(hits, list)
        hits[0]["highlights"] = {
            "title": f"<mark>a</mark>{HOSTILE}",
            "body": "&amp;lt;<b>b</b>",
            "is_passage": True,
        }
        return reply

    visit.page.route(
        "**/v1/search?*", lambda route: route.fulfill(json=wicked(route.fetch().json()))
    )
    page = visit.open("/?q=stream")
    hit = page.locator(".hit").first
    expect(hit.locator("h3")).to_contain_text(f"a{HOSTILE}")
    expect(hit.locator("h3 mark")).to_have_text("a")
    expect(hit.locator(".passage")).to_have_text("nearest in meaning&lt;<b>b</b>")
