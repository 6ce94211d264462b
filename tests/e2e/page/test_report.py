"""The report of an evaluation, opened from a file as whoever gets it by mail does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from relevance_eval.report.as_html import as_html
from tests.e2e.page.watched import DESKTOP, PHONE, watched
from tests.reported import NASTY, TEXTS, report


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the report is."""
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(as_html(report()), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """It must not complain, nor ask any host."""
    with watched(browser, address, request.param, dark=request.param == PHONE) as made:
        made.page.goto(address)
        expect(made.page.get_by_role("heading", level=1)).to_have_text("Forty queries")
        yield made.page


def queries(page: Page) -> list[str]:
    """Those shown, in order."""
    return page.locator("section[aria-labelledby=queries] button.open").all_inner_texts()


def test_everything_fits_the_screen(page: Page) -> None:
    """Wide tables scroll inside themselves."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for heading in ("Summary", "Differences", "Curves", "Slices", "Queries", "How it was measured"):
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.get_by_role("img")).to_have_count(4)


def test_what_moved_most_stands_first_and_shows_its_lists(page: Page) -> None:
    """Side by side, with grades that are words too."""
    opener = page.locator("button.open").first
    opener.click()
    expect(opener).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "true")
    sides = page.locator(".sides > div")
    expect(sides).to_have_count(2)
    expect(sides.nth(1).get_by_role("listitem").filter(has_text="The good one")).to_contain_text(
        "grade 3"
    )
    expect(sides.nth(0).get_by_role("listitem").filter(has_text="unseen")).to_contain_text(
        "unjudged"
    )
    page.keyboard.press("Enter")
    expect(sides).to_have_count(0)


def test_a_table_is_sorted_by_its_heads(page: Page) -> None:
    """By keyboard too; whoever hears the page is told."""
    table = page.get_by_role("region", name="Every query")
    head = table.get_by_role("columnheader").nth(1)
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    shown = table.locator("tbody tr td:nth-child(2)").all_inner_texts()
    assert shown == sorted(shown, reverse=True)
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")


def test_sorting_looks_at_the_queries_that_are_not_shown_yet(
    browser: Browser, tmp_path: Path
) -> None:
    """The best of all is among the ones that moved least."""
    found = report()
    found["queries"] = [
        {**query, "id": f"{query['id']}-{copy}", "text": ""}
        for query in found["queries"]
        for copy in range(4)
    ]
    best = {"id": "best", "values": {"old": [2.0, 1.0], "new": [2.0, 1.0]}}
    found["queries"].append(found["queries"][0] | best)
    path = tmp_path / "report.html"
    path.write_text(as_html(found), encoding="utf-8")
    with watched(browser, path.as_uri(), DESKTOP) as made:
        made.page.goto(path.as_uri())
        assert len(queries(made.page)) == 100
        assert "best" not in queries(made.page)
        table = made.page.get_by_role("region", name="Every query")
        table.get_by_role("columnheader").nth(1).get_by_role("button").click()
        assert queries(made.page)[0] == "best"
        made.page.get_by_role("button", name="Show more").click()
        assert (len(queries(made.page)), queries(made.page)[0]) == (161, "best")


def test_queries_are_filtered(page: Page) -> None:
    """By text, by what became of them, and by slice."""
    assert len(queries(page)) == len(TEXTS)
    page.get_by_label("Query contains").fill("</SCRIPT>")
    assert queries(page) == [NASTY]
    page.get_by_label("Query contains").fill("")
    page.get_by_label("Which").select_option("better in old")
    worse = len(queries(page))
    page.get_by_label("Which").select_option("better in new")
    better = len(queries(page))
    assert 0 < worse < better
    page.get_by_label("query length").select_option("2 to 3 words")
    assert 0 < len(queries(page)) < better
    expect(page.get_by_role("status")).to_contain_text("of 40 queries")
