"""Where a list ends, and what stands at a hit."""

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.page.served import Served
from tests.e2e.page.watched import Watched, watched


def test_a_list_that_ends_before_its_total_says_so(browser: Browser, shallow: Served) -> None:
    """Others are found by narrowing down."""
    with watched(browser, shallow.address) as visit:
        page = visit.open("/?q=stream&configuration=lexical")
        expect(page.get_by_text("Paging ends here, at 10 of 35 results.")).to_be_visible()


def test_a_lost_cursor_is_no_end(visit: Watched) -> None:
    """The search can be made again."""
    lost = {"cursor": None, "degraded": [{"leg": "cursor", "reason": "timeout"}]}
    visit.change("**/v1/search?*", lambda _, reply: {**reply, **lost})
    page = visit.open("/?q=stream")
    expect(page.get_by_text("Without the next pages (timed out).")).to_be_visible()
    expect(page.get_by_text("Paging ends here")).to_have_count(0)
    page.unroute("**/v1/search?*")
    page.get_by_role("button", name="Search again").click()
    expect(page.get_by_role("button", name="More results")).to_be_visible()


@pytest.mark.parametrize(
    ("total", "said"),
    [(20, "These are all results."), (None, "The list ends here, at 20.")],
)
def test_the_end_is_all_only_where_that_is_known(
    visit: Watched, total: int | None, said: str
) -> None:
    """Without a total nobody knows."""

    def last(url: str, reply: Any) -> Any:
        return {**reply, "total": total, "cursor": None if "cursor=" in url else reply["cursor"]}

    visit.change("**/v1/search?*", last)
    page = visit.open("/?q=stream")
    page.get_by_role("button", name="More results").click()
    expect(page.locator("#more")).to_have_text(said)


def test_rules_are_told_apart_from_features(visit: Watched) -> None:
    """The bars add up to the score before the rules."""

    def demoted(url: str, reply: Any) -> Any:
        if "explain=true" in url:
            hit = reply["hits"][0]
            features = [{"name": "lexical", "value": 1.0, "contribution": 0.5}] * 2
            hit["explain"] |= {"features": features, "rules": ["old: boosted by 0.5"]}
            hit["score"] = 0.5
        return reply

    visit.change("**/v1/search?*", demoted)
    page = visit.open("/?q=stream")
    page.get_by_role("button", name="Why this result?").first.click()
    title = "What makes the score of 1 before the rules; after them it is 0.5"
    expect(page.get_by_role("table", name=title)).to_be_visible()


def test_all_attributes_can_be_seen(visit: Watched) -> None:
    """The first eight at once."""

    def rich(_: str, reply: Any) -> Any:
        for hit in reply["hits"]:
            hit["attributes"] = {f"field_{number}": number for number in range(11)}
        return reply

    visit.change("**/v1/search?*", rich)
    page = visit.open("/?q=stream")
    hit = page.locator(".hit").first
    expect(hit.get_by_text("Field 7")).to_be_visible()
    expect(hit.get_by_text("Field 8")).to_be_hidden()
    hit.get_by_role("button", name="3 more attributes").click()
    expect(hit.get_by_text("Field 10")).to_be_visible()


def test_of_many_features_those_are_drawn_that_did_most(visit: Watched) -> None:
    """The others are one bar, with what they did together."""

    def learned(url: str, reply: Any) -> Any:
        if "explain=true" in url:
            numbers = range(1, 21)
            features = [
                {"name": f"taste.f{each}", "value": None, "contribution": each / 100}
                for each in numbers
            ]
            features.append({"name": "bias", "value": None, "contribution": -1})
            reply["hits"][0]["explain"]["features"] = features
        return reply

    visit.change("**/v1/search?*", learned)
    page = visit.open("/?q=stream")
    page.get_by_role("button", name="Why this result?").first.click()
    rows = page.locator(".chart table").first.locator("tbody tr")
    expect(rows).to_have_count(9)
    expect(rows.first).to_contain_text("what every hit gets")
    expect(rows.nth(1)).to_contain_text("taste: f20")
    expect(rows.last).to_contain_text("the other 13")
    expect(rows.last.locator(".amount")).to_have_text("+0.91")


def test_what_a_page_does_not_tell_is_asked_of_the_whole_list(visit: Watched) -> None:
    """What a model saw is kept with the pages of a search that asked for it alone."""

    def learned(url: str, reply: Any) -> Any:
        told = [{"name": "taste", "value": 1.0, "contribution": 0.5}]
        for hit in reply["hits"] if "explain=true" in url else ():
            hit["explain"]["features"] = [] if "cursor=" in url else told
        return reply

    visit.change("**/v1/search?*", learned)
    page = visit.open("/?q=stream")
    page.get_by_role("button", name="More results").click()
    page.get_by_role("button", name="Why this result?").nth(12).click()
    expect(page.locator(".chart").get_by_text("taste")).to_be_visible()
