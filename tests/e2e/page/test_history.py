"""Where Back leads, and what an address can do."""

import re

from playwright.sync_api import expect

from tests.e2e.page.served import Served
from tests.e2e.page.watched import Watched
from tests.e2e.shop import until


def test_back_leads_to_what_was_typed(visit: Watched) -> None:
    """Once something else was done with it, what was previewed has a place of its own."""
    page = visit.open("/?configuration=lexical")
    visit.box.press_sequentially("stream 8")
    expect(page).to_have_title("stream 8 - Tandem")
    visit.settled()
    page.keyboard.press("Escape")
    page.locator(".hit").first.get_by_role("link", name="More like this").click()
    expect(page).to_have_title("Like “Stream 8” - Tandem")
    page.go_back()
    expect(page).to_have_title("stream 8 - Tandem")
    expect(visit.box).to_have_value("stream 8")
    visit.settled()
    page.get_by_role("checkbox", name="function").check()
    expect(page.get_by_role("button", name="Remove filter Kind: function")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("[?]q=stream[+]8&configuration=lexical$"))


def test_back_leads_to_the_same_hits(served: Served, visit: Watched) -> None:
    """However many pages were shown; they are shown once more only when they are used."""
    page = visit.open("/?q=stream&configuration=lexical")
    for last in (20, 30):
        page.get_by_role("button", name="More results").click()
        expect(page.locator(".hit")).to_have_count(last)
    titles = visit.titles()
    client = page.evaluate("localStorage.getItem('tandem.client')")

    def count() -> int:
        return sum(shown.client_id == client for shown in served.impressions())

    link = page.locator(".hit").nth(24).get_by_role("link", name="More like this")
    link.scroll_into_view_if_needed()
    scrolled = page.evaluate("scrollY")
    link.click()
    expect(page).to_have_title(re.compile("^Like"))
    visit.settled()
    until(lambda: count() == 4)
    page.go_back()
    expect(page.locator(".hit")).to_have_count(30)
    visit.settled()
    assert page.evaluate("scrollY") == scrolled > 0
    page.reload()
    expect(page.locator(".hit")).to_have_count(30)
    visit.settled()
    assert page.evaluate("scrollY") == scrolled
    assert visit.titles() == titles
    assert count() == 4
    page.get_by_role("button", name="More results").click()
    expect(page.locator(".hit")).to_have_count(35)
    until(lambda: count() == 8)


def test_escape_leaves_what_was_searched(visit: Watched) -> None:
    """A browser would empty the box, and the page then show the whole collection."""
    page = visit.open("/?q=stream+8&configuration=lexical")
    visit.box.press("Escape")
    expect(visit.box).to_have_value("stream 8")
    expect(page).to_have_title("stream 8 - Tandem")


def test_typing_leaves_the_order_of_browsing(visit: Watched) -> None:
    """What is searched stands by relevance, and its address says no other order."""
    page = visit.open("/?sort=-year&configuration=lexical")
    visit.box.press_sequentially("stream")
    expect(page).to_have_url(re.compile("/[?]q=stream&configuration=lexical$"))
    visit.settled()
    visit.open("/?q=stream+8&sort=-year&configuration=lexical")
    assert visit.titles()[0] == "Stream 8"


def test_a_link_makes_nobody_somebody(served: Served, visit: Watched) -> None:
    """Only who can be chosen on the page can be chosen by an address."""
    before = len(served.impressions())
    visit.open("/?q=stream&person=somebody")
    until(lambda: len(served.impressions()) == before + 1)
    assert served.impressions()[-1].user_id is None
