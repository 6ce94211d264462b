"""Filters, and the counts beside them."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.page.served import Served
from tests.e2e.page.watched import Watched, watched


def test_a_chosen_value_counts_what_the_list_holds(browser: Browser, shallow: Served) -> None:
    """Under a filter meaning finds others that fit, further down: more than the count promised."""
    with watched(browser, shallow.address) as visit:
        page = visit.open("/?q=number12")
        function = page.locator("label.value", has_text="function")
        promised = int(function.locator(".number").inner_text())
        function.get_by_role("checkbox").check()
        expect(page.get_by_role("heading", level=2)).to_have_text("10 results")
        expect(function.locator(".number")).to_have_text("10")
        assert promised < 10
        expect(page.locator("label.value", has_text="class")).to_be_visible()


@pytest.mark.parametrize(
    ("text", "chip"),
    [
        ('{"kind":null}', "Kind: null"),
        ('{"kind":[null]}', "Kind: null"),
        ('{"any":[{"kind":"class"}]}', 'Any: {"kind":"class"}'),
        ("{broken", "{broken"),
        ("[1]", "[1]"),
        ("null", "null"),
    ],
)
def test_a_filter_that_is_none_is_refused(visit: Watched, text: str, chip: str) -> None:
    """In the server's words, never silently; it can be taken off like any other."""
    page = visit.page
    page.goto(f"{visit.address}/?{urlencode({'q': 'stream', 'filter': text})}")
    expect(page.get_by_role("alert")).to_contain_text("ilter")
    visit.forgive("400")
    page.get_by_role("button", name=f"Remove filter {chip}", exact=True).click()
    expect(page.locator(".hit")).to_have_count(10)
    expect(page).to_have_url(re.compile("/[?]q=stream$"))


def test_it_is_said_that_not_all_values_are_shown(visit: Watched) -> None:
    """The server counts the 100 most frequent ones."""

    def many(_: str, reply: Any) -> Any:
        values = [{"value": f"k{number}", "count": 9} for number in range(100)]
        return {**reply, "facets": {**reply["facets"], "kind": values}}

    visit.change("**/v1/search?*", many)
    page = visit.open("/?q=stream")
    told = page.get_by_text("These are the 100 most frequent.")
    expect(told).to_be_hidden()
    page.get_by_role("button", name="92 more values of Kind").click()
    expect(told).to_be_visible()
