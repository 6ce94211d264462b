"""What a person does on the page, with a mouse."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.page.served import Served
from tests.e2e.page.watched import DESKTOP, PHONE, Watched, watched
from tests.e2e.shop import until

WORDS = re.compile("Words [+]?0[.0-9]* (rank [0-9]+|not among its best), score [0-9]")
"""What stands beside a bar."""


def test_typing_suggests_and_previews_and_is_no_impression(served: Served, visit: Watched) -> None:
    """Each key asks for suggestions, a pause searches; only Enter counts as shown."""
    before = len(served.impressions())
    page = visit.open()
    box = visit.box
    box.press_sequentially("stream 1", delay=20)
    options = visit.suggestions
    expect(options.first).to_contain_text("Stream 1")
    expect(page).to_have_url(re.compile("q=stream(%20|[+])1$"))
    visit.settled()
    assert visit.titles()[0] == "Stream 1"
    assert len(served.impressions()) == before

    box.press("Enter")
    expect(options).to_have_count(0)
    until(lambda: len(served.impressions()) == before + 1)
    shown = served.impressions()[-1]
    assert shown.query_text == "stream 1"
    assert [exposure.position for exposure in shown.exposures] == list(range(1, 11))


def test_a_suggestion_is_searched(visit: Watched) -> None:
    """Chosen with the mouse."""
    page = visit.open()
    visit.box.press_sequentially("stre")
    visit.suggestions.nth(1).click()
    expect(page).to_have_title(re.compile("Stream [0-9]+ - Tandem"))


def test_facets_narrow_and_chips_widen(visit: Watched) -> None:
    """Several values of a field may be chosen; the address tells them, and Back takes one off."""
    page = visit.open("/?q=stream&configuration=lexical")
    boxes = page.get_by_role("group", name="Kind")
    expect(boxes.get_by_label("function")).to_be_visible()
    boxes.get_by_label("function").check()
    chips = page.get_by_role("button", name=re.compile("^Remove filter"))
    expect(chips).to_have_count(1)
    visit.settled()
    expect(page.get_by_role("heading", name="11 results")).to_be_visible()
    boxes.get_by_label("class").check()
    expect(page.get_by_role("heading", name="23 results")).to_be_visible()
    visit.settled()
    kinds = page.locator(".attributes div:first-child dd").all_inner_texts()
    assert {*kinds} == {"function", "class"}
    page.reload()
    expect(boxes.get_by_label("class")).to_be_checked()
    page.go_back()
    expect(page.get_by_role("heading", name="11 results")).to_be_visible()
    chips.click()
    expect(page.get_by_role("heading", name="35 results")).to_be_visible()
    expect(chips).to_have_count(0)


def test_paging_appends_until_the_end_and_says_so(served: Served, visit: Watched) -> None:
    """No hit twice; the first new one has the focus; each page was shown under one query."""
    page = visit.open("/?q=stream&configuration=lexical")
    for last in (20, 30, 35):
        page.get_by_role("button", name="More results").click()
        expect(page.locator(".hit")).to_have_count(last)
        expect(page.get_by_role("status").first).to_have_text(
            f"Results {(last - 1) // 10 * 10 + 1} to {last} of 35"
        )
        expect(
            page.locator(".hit").nth((last - 1) // 10 * 10).locator("h3 > *").first
        ).to_be_focused()
    expect(page.get_by_text("These are all results.")).to_be_visible()
    assert len({*visit.titles()}) == 35
    until(lambda: sum(len(shown.exposures) for shown in served.impressions()[-4:]) == 35)


def test_a_click_arrives_in_the_event_log(served: Served, visit: Watched) -> None:
    """Under the query that was recorded, with its place; also out of a preview."""
    page = visit.open("/?configuration=lexical")
    before = len(served.events())
    visit.box.press_sequentially("stream 4")
    expect(page).to_have_url(re.compile("q=stream[+]4&configuration=lexical$"))
    visit.settled()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Stream 4", exact=True).click()
    expect(page.locator(".whole").first).to_contain_text("number4 does & says <b>.")
    until(lambda: len(served.events()) == before + 1)
    event = served.events()[-1]
    assert (event.action, event.document_id, event.position) == ("click", "lib/s4", 1)
    assert event.client_id
    assert event.session_id
    [shown] = [each for each in served.impressions() if each.query_id == event.query_id]
    assert shown.exposures[0].document_id == "lib/s4"
    assert (shown.client_id, shown.session_id) == (event.client_id, event.session_id)


def test_a_hit_with_an_address_opens_it_beside(served: Served, visit: Watched) -> None:
    """The list stays, so that the event can be told."""
    page = visit.open("/?q=stream+3&configuration=lexical")
    before = len(served.events())
    link = page.locator(".hit").first.get_by_role("link", name="Stream 3 ")
    page.context.route("https://example.org/**", lambda route: route.fulfill(body="there"))
    with page.expect_popup() as opened:
        link.click()
    assert opened.value.url == "https://example.org/stream/3"
    until(lambda: len(served.events()) == before + 1)
    assert served.events()[-1].document_id == "lib/s3"


def test_why_draws_what_each_search_said(visit: Watched) -> None:
    """A bar a contribution, with its number beside it for who does not see it."""
    page = visit.open("/?q=stream+5")
    hit = page.locator(".hit").first
    button = hit.get_by_role("button", name="Why this result?")
    button.click()
    table = hit.get_by_role("table").last
    expect(table.get_by_role("row")).to_have_count(2)
    expect(
        table.get_by_role(
            "row",
            name=re.compile("Words [+]?0[.0-9]* (rank [0-9]+|not among its best), score [0-9]"),
        )
    ).to_be_visible()
    widths = hit.locator("rect.plus").evaluate_all(
        "all => all.map(each => each.width.baseVal.value)"
    )
    assert max(widths) == 100
    button.click()
    expect(table).to_be_hidden()


def test_rankings_are_switched_and_compared(served: Served, visit: Watched) -> None:
    """Alone or side by side; a comparison is a look at the engines, and nothing that was shown."""
    page = visit.open("/?q=stream+7")
    page.get_by_role("radio", name="Lexical").check()
    expect(page).to_have_url(re.compile("configuration=lexical"))
    visit.settled()
    until(lambda: bool(served.impressions()))
    before = len(served.impressions())
    page.get_by_role("radio", name="Side by side").check()
    for name in ("Lexical", "Semantic", "RRF", "Hybrid"):
        column = page.get_by_role("region", name=name)
        expect(column.get_by_role("listitem").first).to_contain_text(
            re.compile("Stream|Hostile|Wide")
        )
    expect(page.get_by_role("region", name="Lexical").locator("li").first).to_contain_text(
        re.compile("RRF [0-9]")
    )
    page.get_by_role("radio", name="Hybrid").check()
    until(lambda: len(served.impressions()) == before + 1)
    assert served.impressions()[-1].query_text == "stream 7"


def test_a_person_s_order_is_told(visit: Watched) -> None:
    """Where a hit stood without who searches stands beside it, on every page; the choice is in the
    address. Outside the order that knows who asks it is said that it does nothing.
    """

    def turned(url: str, reply: Any) -> Any:
        hits = reply["hits"]
        if "user_id=ada" in url and hits:
            ranks = [hit["rank"] for hit in hits]
            hits.insert(0, hits.pop())
            reply["hits"] = [{**hit, "rank": rank} for hit, rank in zip(hits, ranks, strict=True)]
        return reply

    page = visit.page
    person = {"user_id": "ada", "name": "Ada", "about": "writes network services"}
    visit.change("**/page/setup.json?", lambda _, setup: {**setup, "people": [person]})
    visit.change("**/v1/search?*", turned)
    visit.open("/?q=stream")
    page.get_by_label("Search as").select_option("Ada")
    expect(page.get_by_text("writes network services")).to_be_visible()
    expect(page).to_have_url(re.compile("person=ada"))
    moves = page.locator(".moved")
    expect(moves.first).to_have_text("▲ 9 place 10 without Ada")
    expect(moves.nth(1)).to_have_text("▼ 1 place 1 without Ada")
    page.get_by_role("button", name="More results").click()
    expect(moves.nth(10)).to_have_text("▲ 9 place 20 without Ada")
    page.get_by_role("radio", name="Lexical").check()
    expect(page.get_by_text("Only the Hybrid order of a search knows who asks.")).to_be_visible()
    visit.settled()
    expect(page.get_by_text("without Ada")).to_have_count(0)


def test_more_like_this(visit: Watched) -> None:
    """The document itself is not among them; what was asked stands in the address."""
    page = visit.open("/?q=stream+8&configuration=lexical")
    page.locator(".hit").first.get_by_role("link", name="More like this").click()
    expect(page).to_have_url(re.compile("similar=lib%2Fs8"))
    expect(page.get_by_role("heading", name=re.compile("Like “Stream 8”"))).to_be_visible()
    visit.settled()
    assert "Stream 8" not in visit.titles()
    assert visit.titles()
    visit.search("stream 9")
    assert visit.titles()[0] == "Stream 9"


def test_an_empty_box_browses_in_an_order(visit: Watched) -> None:
    """By a field, either way, page by page."""
    page = visit.open()
    page.get_by_label("Order").select_option("Year, highest first")
    expect(page.locator(".hit h3 > :first-child").first).to_have_text(re.compile("^Stream 35"))
    page.get_by_role("button", name="More results").click()
    expect(page.locator(".hit")).to_have_count(20)
    assert visit.titles()[10].startswith("Stream 25")


def test_back_and_a_shared_address(visit: Watched) -> None:
    """Typing leaves one place in the history, not one a pause."""
    page = visit.open()
    visit.search("stream 1")
    box = visit.box
    box.fill("stream 2")
    expect(page).to_have_title("stream 2 - Tandem")
    box.fill("stream 21")
    expect(page).to_have_title("stream 21 - Tandem")
    page.go_back()
    expect(page).to_have_title("stream 1 - Tandem")
    expect(box).to_have_value("stream 1")
    visit.settled()
    assert visit.titles()[0].startswith("Stream 1")


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_nothing_is_wider_than_the_screen(
    browser: Browser, served: Served, tmp_path: Path, size: tuple[int, int], dark: bool
) -> None:
    """Whatever is shown, at a desk and on a phone."""
    with watched(browser, served.address, size, dark=dark) as visit:
        for number, path in enumerate(
            ("/", "/?q=wide", "/?q=stream&view=compare", '/?q=stream&filter={"kind":"class"}')
        ):
            page = visit.open(path)
            if why := page.get_by_role("button", name="Why this result?").all():
                why[0].click()
                expect(page.get_by_role("table").first).to_be_visible()
            width = page.evaluate("document.documentElement.scrollWidth")
            page.screenshot(path=tmp_path / f"{number}.png", full_page=True)
            assert width == size[0], path
