"""One browser and one server for the tests of the page."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e.page.served import Served, serving
from tests.e2e.page.watched import CHROMIUM, Watched, chromium, watched
from tests.services.requirement import missing


@pytest.fixture(scope="session")
def installed() -> None:
    """Debian's Chromium; where it is missing the tests are skipped."""
    if not os.access(CHROMIUM, os.X_OK):
        missing(f"{CHROMIUM} is missing: apt install chromium")


@pytest.fixture(scope="module")
def browser(installed: None) -> Iterator[Browser]:
    """One a module: while it is driven, no other test of this process can run a loop of asyncio."""
    with chromium() as made:
        yield made


@pytest.fixture(scope="session")
def served(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A collection that nobody changes; started only where there is a browser."""
    with serving(tmp_path_factory.mktemp("page")) as made:
        yield made


@pytest.fixture(scope="session")
def shallow(installed: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same, but each engine looks only 10 deep: lists are longer than what is found there."""
    with serving(tmp_path_factory.mktemp("shallow"), "[search]\ndepth = 10\n") as made:
        yield made


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Watched]:
    """A visitor at a desk."""
    with watched(browser, served.address) as made:
        yield made
