"""What the page says of what it does not have."""

import re

from playwright.sync_api import Route, expect

from tests.e2e.page.served import Served
from tests.e2e.page.watched import Watched


def test_a_search_without_meaning_says_so(served: Served, visit: Watched) -> None:
    """While one engine does not answer, the other's hits are shown, and what is missing."""
    page = visit.open()
    served.broken.touch()
    try:
        visit.search("stream 12")
        expect(page.get_by_text("Without search by meaning")).to_be_visible()
        assert visit.titles()[0].startswith("Stream 12")
        page.get_by_role("radio", name="Side by side").check()
        expect(page.get_by_role("region", name="Semantic").get_by_role("alert")).to_be_visible()
        expect(page.get_by_role("region", name="Lexical").get_by_role("link")).not_to_have_count(0)
        visit.forgive("503")
    finally:
        served.broken.unlink()


def test_nothing_found_says_what_to_try(visit: Watched) -> None:
    """The filter that leaves nothing can be taken off from there."""
    page = visit.open('/?q=stream&filter={"kind":"class","year":{"gte":3000}}')
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    expect(page.get_by_role("button", name="Remove filter Year: from 3000")).to_be_visible()
    page.get_by_role("button", name="Search without filters").click()
    expect(page.locator(".hit")).to_have_count(10)


def test_a_typing_error_is_told(visit: Watched) -> None:
    """What was searched for instead is never silent."""
    page = visit.open("/?q=streem&configuration=lexical")
    expect(page.get_by_text("Searched for the words stream instead of streem.")).to_be_visible()
    assert len(visit.titles()) == 10


def test_a_refused_question_is_told_with_its_hint(visit: Watched) -> None:
    """The server's own words, and a way to try again."""
    page = visit.page
    page.goto(visit.address + '/?q=stream&filter={"knid":"class"}')
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("knid")
    expect(alert).to_contain_text("kind")
    visit.forgive("400")
    page.get_by_role("button", name=re.compile("Remove filter Knid")).click()
    expect(page.locator(".hit")).to_have_count(10)


def test_a_server_that_is_away_can_be_asked_again(visit: Watched) -> None:
    """Nothing that was typed is lost."""
    page = visit.open()
    page.route("**/v1/search?*", lambda route: route.abort())
    box = visit.box
    box.fill("stream 6")
    box.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    visit.forgive("ERR_FAILED")
    page.unroute("**/v1/search?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".hit").first).to_contain_text("Stream 6")
    expect(box).to_have_value("stream 6")


def test_a_list_that_is_no_longer_kept_offers_a_new_search(visit: Watched) -> None:
    """What was shown stays until then."""
    page = visit.open("/?q=stream&configuration=lexical")
    gone = {"code": "cursor_expired", "message": "it is no longer kept", "hint": "search again"}
    visit.answer("**/v1/search?*cursor=*", 410, gone)
    page.get_by_role("button", name="More results").click()
    expect(page.get_by_role("alert")).to_contain_text("It is no longer kept.")
    expect(page.locator(".hit")).to_have_count(10)
    visit.forgive("410")
    page.unroute("**/v1/search?*cursor=*")
    page.get_by_role("button", name="Search again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="More results").click()
    expect(page.locator(".hit")).to_have_count(20)


def test_what_is_gone_keeps_its_place(visit: Watched) -> None:
    """A hit without content, and one that could only not be read."""

    def without(reply: dict[str, object]) -> dict[str, object]:
        hits = reply["hits"]
        assert isinstance(hits, list)
        hits[0] = {"document_id": "lib/old", "rank": 1, "score": 1.0, "gone": True}
        hits[1] |= {"title": None, "body": None, "attributes": None, "highlights": None}
        return {**reply, "degraded": [{"leg": "documents", "reason": "timeout"}]}

    page = visit.page
    page.route(
        "**/v1/search?*",
        lambda route: route.fulfill(json=without(route.fetch().json())),
    )
    visit.open("/?q=stream")
    hits = page.locator(".hit")
    expect(hits.first).to_have_text("lib/old is no longer there.")
    expect(hits.nth(1)).to_contain_text("Its content could not be read in time.")
    expect(page.get_by_text("Without the content of some hits (timed out).")).to_be_visible()


def test_late_replies_are_dropped(visit: Watched) -> None:
    """What was asked first and answered last is not shown over what was asked last."""
    page = visit.open("/?configuration=lexical")
    held = []

    def hold(route: Route) -> None:
        held.append(route.request.url)

    page.route(re.compile("/v1/search[?].*q=stream[+]13"), hold)
    box = visit.box
    box.fill("stream 13")
    box.press("Enter")
    expect(page.locator("#list")).to_have_attribute("aria-busy", "true")
    visit.search("stream 14")
    assert held
    assert visit.titles()[0].startswith("Stream 14")
