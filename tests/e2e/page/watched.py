"""A browser that fails the test which makes a page complain."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    Browser,
    Dialog,
    Locator,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

CHROMIUM = Path("/usr/bin/chromium")
DESKTOP, PHONE = (1280, 900), (390, 844)
VIOLATIONS = (
    "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.blockedURI))"
)
TIMEOUT_MS = 15_000
expect.set_options(timeout=TIMEOUT_MS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's, without a screen."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@dataclass
class Watched:
    """A page of the served address. ``complaints`` is what it said on its console, threw, or asked
    of another host; who provokes one takes it out.

    Not frozen: Playwright leaves marks at what listens to it.
    """

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    @property
    def box(self) -> Locator:
        """Where one types."""
        return self.page.get_by_role("combobox", name="Search", exact=True)

    @property
    def suggestions(self) -> Locator:
        """What is suggested."""
        return self.page.get_by_role("listbox", name="Suggestions").get_by_role("option")

    def open(self, path: str = "/") -> Page:
        """Go there, and wait for what it shows."""
        self.page.goto(self.address + path)
        self.settled()
        return self.page

    def settled(self) -> None:
        """Wait until nothing is being asked."""
        expect(self.page.locator("#list[aria-busy=false] > *").first).to_be_attached()
        expect(self.page.locator(".skeleton")).to_have_count(0)

    def search(self, text: str) -> None:
        """Type it at once and press Enter."""
        self.box.fill(text)
        self.box.press("Enter")
        expect(self.page).to_have_title(f"{text} - Tandem")
        self.settled()

    def titles(self) -> list[str]:
        """The titles of the hits, in order."""
        shown = self.page.locator(".hit h3 > :first-child").all_inner_texts()
        return [title.removesuffix("(opens in a new tab)").strip() for title in shown]

    def answer(self, pattern: str, status: int, error: Mapping[str, str]) -> None:
        """Let every request that matches fail that way; the browser's own word on it is no
        complaint.
        """

        def fail(route: Route) -> None:
            route.fulfill(status=status, json={"error": {"field": None, "docs": "", **error}})

        self.page.route(pattern, fail)

    def change(self, pattern: str, changed: Callable[[str, Any], Any]) -> None:
        """Let the reply to every request that matches be what ``changed`` makes of its address and
        its data.
        """

        def answer(route: Route) -> None:
            route.fulfill(json=changed(route.request.url, route.fetch().json()))

        self.page.route(pattern, answer)

    def complain(self, text: str) -> None:
        """Note it."""
        self.complaints.append(text)

    def dismiss(self, dialog: Dialog) -> None:
        """The page has none of its own."""
        self.complain(f"dialog: {dialog.message}")
        dialog.dismiss()

    def look_at(self, request: Request) -> None:
        """It may ask nobody but the server."""
        if not request.url.startswith(self.address):
            self.complain(f"asked elsewhere: {request.url}")

    def forgive(self, text: str) -> None:
        """Take complaints with that text out; there must be one."""
        kept = [complaint for complaint in self.complaints if text not in complaint]
        assert len(kept) < len(self.complaints), self.complaints
        self.complaints[:] = kept


@contextmanager
def watched(
    browser: Browser, address: str, size: tuple[int, int] = DESKTOP, *, dark: bool = False
) -> Iterator[Watched]:
    """A fresh visitor. Complaints fail at the end."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        has_touch=size == PHONE,
    )
    context.set_default_timeout(TIMEOUT_MS)
    context.add_init_script(VIOLATIONS)
    page = context.new_page()
    made = Watched(page, address)
    page.on("console", lambda message: made.complain(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: made.complain(f"thrown: {error}"))
    page.on("dialog", made.dismiss)
    page.on("request", made.look_at)
    try:
        yield made
    finally:
        context.close()
    assert made.complaints == [], made.complaints
