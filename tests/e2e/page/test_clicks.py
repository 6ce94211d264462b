"""What counts as a click."""

from typing import Any

from playwright.sync_api import expect

from tests.e2e.page.served import Served
from tests.e2e.page.watched import Watched
from tests.e2e.shop import until


def test_a_menu_is_no_click(served: Served, visit: Watched) -> None:
    """The middle button opens, the right one asks what could be done."""
    page = visit.open("/?q=stream+5&configuration=lexical")
    page.context.route("https://example.org/**", lambda route: route.fulfill(body="there"))
    before = len(served.events())
    links = page.locator(".hit h3").get_by_role("link")
    links.first.click(button="right")
    page.keyboard.press("Escape")
    with page.context.expect_page():
        links.nth(1).click(button="middle")
    until(lambda: len(served.events()) == before + 1)
    assert served.events()[-1].position != 1


def test_unfolding_again_is_no_other_click(served: Served, visit: Watched) -> None:
    """A hit is clicked once a query, however often it is opened."""
    page = visit.open("/?q=stream+4&configuration=lexical")
    before = len(served.events())
    first, second = page.locator(".hit h3").get_by_role("button").all()[:2]
    for _ in range(5):
        first.click()
    second.click()
    until(lambda: len(served.events()) == before + 2)
    clicked = [event.document_id for event in served.events()[before:]]
    assert clicked[0] == "lib/s4" != clicked[1]


def test_a_click_counts_where_it_was_recorded(served: Served, visit: Watched) -> None:
    """A preview that has changed until it is used is drawn anew; also where it only got shorter."""

    def otherwise(url: str, reply: Any) -> Any:
        if "record=false" in url:
            first, *others = reply["hits"]
            reply["hits"] = [{**others[0], "rank": 1}, {**first, "rank": 2}, *others[1:]]
        return reply

    visit.change("**/v1/search?*", otherwise)
    page = visit.open("/?configuration=lexical")
    before = len(served.events())
    visit.box.press_sequentially("stream 4")
    expect(page).to_have_title("stream 4 - Tandem")
    visit.settled()
    page.keyboard.press("Escape")
    assert visit.titles()[1] == "Stream 4"
    page.get_by_role("button", name="Stream 4", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("changed meanwhile")
    until(lambda: len(served.events()) == before + 1)
    event = served.events()[-1]
    assert (event.document_id, event.position) == ("lib/s4", 1)
    assert visit.titles()[0] == "Stream 4"


def test_a_list_that_got_shorter_is_drawn_anew(visit: Watched) -> None:
    """What is no longer found does not stay on the page."""

    def shorter(url: str, reply: Any) -> Any:
        if "record=true" in url:
            reply["hits"] = reply["hits"][:3]
        return reply

    visit.change("**/v1/search?*", shorter)
    page = visit.open("/?configuration=lexical")
    visit.box.press_sequentially("stream 4")
    expect(page).to_have_title("stream 4 - Tandem")
    visit.settled()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Stream 4", exact=True).click()
    expect(page.locator(".hit")).to_have_count(3)
