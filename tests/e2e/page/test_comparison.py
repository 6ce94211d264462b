"""What is said beside the hits of one ranking about the others."""

import re
from typing import Any

from playwright.sync_api import Locator, Route, expect

from tests.e2e.page.watched import Watched


def alone(visit: Watched, name: str) -> Locator:
    """Where a ranking's fourth hit stands in the others, which do not have it."""
    column = visit.page.get_by_role("region", name=name)
    return column.locator("li").nth(3).locator(".others")


def only(configuration: str, url: str, reply: Any) -> Any:
    """A hit that the others do not have so far up."""
    if f"configuration={configuration}" in url:
        reply["hits"][3] |= {"document_id": "lib/new", "title": "New"}
    return reply


def test_what_others_have_further_down_is_not_denied(visit: Watched) -> None:
    """Ten hits of each are seen, no more."""
    visit.change("**/v1/search?*", lambda url, reply: only("hybrid", url, reply))
    visit.open("/?q=stream&view=compare")
    expect(alone(visit, "Hybrid")).to_have_text(re.compile("^not in the others. first 10$"))


def test_of_what_failed_nothing_is_claimed(visit: Watched) -> None:
    """Until it was asked again; and so of a ranking that lacks a part."""
    page = visit.page
    broken = [True]

    def answer(route: Route) -> None:
        url = route.request.url
        if "configuration=lexical" in url and broken:
            broken.clear()
            error = {"code": "internal", "message": "it failed", "hint": None, "field": None}
            route.fulfill(status=500, json={"error": error})
            return
        reply = only("hybrid", url, route.fetch().json())
        if "configuration=rrf" in url:
            reply["degraded"] = [{"leg": "vector", "reason": "timeout"}]
        route.fulfill(json=reply)

    page.route("**/v1/search?*", answer)
    visit.open("/?q=stream&view=compare")
    expect(alone(visit, "Hybrid")).to_have_text("not in the first 10 of Semantic")
    visit.forgive("500")
    page.get_by_role("button", name="Try again").click()
    expect(alone(visit, "Hybrid")).to_have_text("not in the first 10 of Lexical, Semantic")
    expect(page.get_by_role("region", name="Lexical").locator(".others").first).not_to_be_empty()
