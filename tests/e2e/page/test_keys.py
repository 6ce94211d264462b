"""A server with keys: the page asks for one, once, and keeps it out of every address."""

from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, expect

from tandem.catalog.catalog import Catalog
from tandem.catalog.database import file_url
from tandem.catalog.keys import Wanted
from tests.e2e.page.served import Served, serving
from tests.e2e.page.watched import watched


class Locked(NamedTuple):
    """A served collection, a key that searches, and one for everything."""

    served: Served
    search: str
    admin: str


@pytest.fixture(scope="module")
def locked(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locked]:
    """The keys are made before it begins."""
    folder = tmp_path_factory.mktemp("locked")
    files = [file_url(folder / ".tandem" / name) for name in ("documents.sqlite", "e.sqlite")]
    with closing(Catalog(*files)) as catalog:
        keys = [
            catalog.keys.create(Wanted("reader", frozenset({scope})))[1]
            for scope in ("search", "admin")
        ]
    with serving(folder) as served:
        yield Locked(served, *keys)


def test_the_reader_gives_a_key_once(browser: Browser, locked: Locked) -> None:
    """A wrong one is told to be none; the right one is kept until the tab is closed. To judge it
    takes another.
    """
    with watched(browser, locked.served.address) as visitor:
        page = visitor.open("/?q=stream")
        for wrong in ("", "tdm_wrong"):
            if wrong:
                page.get_by_label("Key", exact=True).fill(wrong)
                page.get_by_role("button", name="Use this key").click()
            expect(page.get_by_role("alert")).to_contain_text("This needs a key")
        visitor.forgive("401")
        page.get_by_label("Key", exact=True).fill(locked.search)
        page.get_by_label("Key", exact=True).press("Enter")
        visitor.settled()
        expect(page.locator(".hit").first).to_be_visible()
        assert locked.search not in page.url
        page.reload()
        visitor.settled()
        expect(page.locator(".hit").first).to_be_visible()
        visitor.box.press_sequentially("s")
        expect(visitor.suggestions.first).to_be_visible()
        page.goto(f"{locked.served.address}/judge")
        expect(page.get_by_role("alert")).to_contain_text("needs admin")
        visitor.forgive("403")
        page.get_by_label("Key", exact=True).fill(locked.admin)
        page.get_by_role("button", name="Use this key").click()
        expect(page.get_by_text("There is no pool to judge yet")).to_be_visible()
