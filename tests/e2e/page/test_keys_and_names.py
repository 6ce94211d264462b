"""The page for who has no mouse, and for who does not see it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.page.served import Served
from tests.e2e.page.watched import PHONE, Watched, watched

NOTHING = "/?q=qqqq&configuration=lexical"
AUDITS = Path(__file__).with_name("audits.js").read_text("utf-8")


def audited(page: Page, audit: str) -> object:
    """What an audit finds wrong."""
    return page.evaluate(f"{AUDITS}.{audit}()")


def focused(page: Page) -> str:
    """What has the focus, in words."""
    return str(page.evaluate("document.activeElement.innerText || document.activeElement.value"))


def test_the_box_completes_by_keys(visit: Watched) -> None:
    """By WAI-ARIA's pattern of a combobox."""
    page = visit.open()
    box = visit.box
    box.focus()
    page.keyboard.type("stre")
    options = visit.suggestions
    expect(options.first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#suggested")).to_have_text(re.compile("[0-9]+ suggestions for “stre”"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    chosen = box.get_attribute("aria-activedescendant")
    assert chosen == options.nth(1).get_attribute("id")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert box.get_attribute("aria-activedescendant") is None
    page.keyboard.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    page.keyboard.press("Escape")
    expect(box).to_have_value("stre")
    page.keyboard.type("a")
    expect(options.first).to_be_visible()
    text = options.first.locator("span").first.inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value(text)
    expect(options).to_have_count(0)


def test_everything_is_reached_without_a_mouse(visit: Watched) -> None:
    """From the link past the head to a hit, its reasons, a filter and the next page."""
    page = visit.open("/?q=stream")
    expect(page.get_by_role("checkbox", name="function")).to_be_visible()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the results"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page).startswith("Stream")
    page.keyboard.press("Tab")
    assert focused(page) == "Why this result?"
    page.keyboard.press("Enter")
    expect(page.get_by_role("table").first).to_be_visible()
    for _ in range(100):
        page.keyboard.press("Tab")
        if focused(page) == "More results":
            break
    page.keyboard.press("Enter")
    expect(page.locator(".hit")).to_have_count(20)
    assert focused(page).startswith(visit.titles()[10])
    page.get_by_role("checkbox", name="function").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Remove filter Kind: function")).to_be_visible()
    visit.settled()
    expect(page.get_by_role("checkbox", name="function")).to_be_focused()
    page.get_by_role("radio", name="Hybrid").focus()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("configuration=rrf"))


@pytest.mark.parametrize("path", ["/", "/?q=stream", "/?q=stream&view=compare", NOTHING])
def test_everything_has_a_name_and_a_role(visit: Watched, path: str) -> None:
    """Landmarks, one main heading, and a name for each control."""
    page = visit.open(path)
    for role in ("banner", "search", "main"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_text("Tandem")
    assert audited(page, "nameless") == []
    assert audited(page, "doubled") == []
    assert page.get_by_role("heading", level=2).inner_text()
    assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_texts_stand_out_enough(browser: Browser, served: Served, dark: bool) -> None:
    """WCAG AA: 4.5 to 1, whatever is under the text."""
    with watched(browser, served.address, dark=dark) as visit:
        page = visit.open('/?q=stream&filter={"kind":["class","function"]}')
        page.get_by_role("button", name="Why this result?").first.click()
        expect(page.get_by_role("table").first).to_be_visible()
        assert audited(page, "faint") == []
        page = visit.open("/?q=stream&view=compare")
        assert audited(page, "faint") == []


def test_a_finger_hits_what_it_aims_at(browser: Browser, served: Served) -> None:
    """44 pixels high on a phone."""
    with watched(browser, served.address, PHONE) as visit:
        page = visit.open('/?q=stream&filter={"kind":["class","function"]}')
        page.get_by_text("Filters", exact=True).click()
        expect(page.get_by_role("checkbox", name="function")).to_be_visible()
        assert audited(page, "small") == []


def test_nothing_moves_for_who_wants_no_motion(browser: Browser, served: Served) -> None:
    """Neither animations nor transitions."""
    with watched(browser, served.address) as visit:
        visit.page.emulate_media(reduced_motion="reduce")
        page = visit.open("/?q=stream")
        assert audited(page, "moving") == []


def test_the_keyboard_goes_on_where_it_was(visit: Watched) -> None:
    """What is pressed and then gone leaves one at the results, not at the top of the page."""
    results = visit.page.locator("#results")

    def pressed(name: str | re.Pattern[str]) -> None:
        visit.page.get_by_role("button", name=name).first.press("Enter")
        visit.settled()
        expect(results).to_be_focused()

    visit.open('/?q=stream&filter={"kind":["class","function"],"year":{"gte":1990}}')
    pressed("Remove filter Kind: class")
    pressed("Clear all")
    visit.open(NOTHING)
    pressed("Search by words and meaning")
    visit.open('/?q=stream&configuration=lexical&filter={"year":{"gte":3000}}')
    pressed("Search without filters")
    fault = {"code": "internal", "message": "it failed", "hint": "wait"}
    for path in ("/?q=stream", "/?q=stream&view=compare"):
        visit.answer("**/v1/search?*", 500, fault)
        visit.page.goto(visit.address + path)
        expect(visit.page.get_by_role("alert").first).to_be_visible()
        visit.settled()
        visit.forgive("500")
        visit.page.unroute("**/v1/search?*")
        pressed("Try again")


def test_two_lists_never_sound_alike(visit: Watched) -> None:
    """A text that is the same as before is not read out."""
    page = visit.open("/?q=stream&configuration=lexical")
    said = page.get_by_role("status").first
    expect(said).to_have_text("35 results for “stream”, Lexical")
    visit.search("reads")
    expect(said).to_have_text("35 results for “reads”, Lexical")
    page.get_by_role("radio", name="Side by side").check()
    expect(said).to_have_text("Rankings for “reads”, side by side")
