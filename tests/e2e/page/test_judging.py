"""What a rater does on the judging page, by keys, by fingers, and what is kept of it."""

import re
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from relevance_eval.formats.registry import read_judgments
from relevance_eval.judging.desk import Desk
from relevance_eval.judging.pool import Pool, PooledQuery
from relevance_eval.judging.ratings import Place
from tests.e2e.page.served import Served
from tests.e2e.page.test_keys_and_names import audited
from tests.e2e.page.watched import DESKTOP, PHONE, Watched, watched
from tests.e2e.shop import Shop

INTENT = "a class or function that reads a file of text line by line, not one of bytes"
POOL = Pool(
    7,
    10,
    ("lexical", "semantic"),
    {
        "first": PooledQuery(
            "first", "stream of lines", INTENT, ("evil", "gone", "lib/s1", "lib/s2", "wide")
        ),
        "second": PooledQuery("second", "number", "", ("lib/s7", "lib/s8")),
    },
)
ALL_BUT_TWO = [
    Place(query.query_id, document_id)
    for query in POOL.queries.values()
    for document_id in query.document_ids
    if document_id not in {"gone", "wide"}
]


@pytest.fixture
def desk(served: Served, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A pool of the test's own in the folder that is served, called ``pool``."""
    folder = served.folder / ".tandem" / "judging" / "main"
    made = Desk(folder)
    made.keep("pool", POOL)
    yield made
    for path in (folder / "pool").iterdir():
        path.unlink()
    (folder / "pool").rmdir()


def entered(visit: Watched, rater: str = "ann") -> Page:
    """At the first document that the rater has not rated."""
    page = visit.page
    page.goto(f"{visit.address}/judge")
    page.get_by_label("Your name").fill(rater)
    page.get_by_role("button", name="Begin").click()
    seen(page)
    return page


def seen(page: Page) -> str:
    """The title of the document that is to be judged, once it is there."""
    expect(page.locator("#document[aria-busy=false] h3")).to_be_visible()
    return page.locator("#document h3").inner_text()


def pressed(page: Page, key: str) -> None:
    """Press a key and wait for what it does."""
    said = page.locator("#said")
    before = said.inner_text()
    page.keyboard.press(key)
    expect(said).not_to_have_text(before)
    expect(page.locator("#document")).to_have_attribute("aria-busy", "false")


def kept(desk: Desk, rater: str = "ann") -> dict[tuple[str, str], int | None]:
    """What counts of a rater."""
    return {(*place,): grade for place, grade in desk.ratings("pool").get(rater, {}).items()}


def test_a_pool_is_judged_by_keys(visit: Watched, desk: Desk) -> None:
    """Each key is kept at once and leads on; what is said is heard; the end is told."""
    page = entered(visit)
    expect(page.get_by_role("heading", level=2)).to_have_text("stream of lines")
    expect(page.get_by_text(INTENT)).to_be_visible()
    expect(page.locator("#far")).to_have_text("Rated: 0 of 7 documents, 0 of 2 queries")
    for key in ("0", "1", "2", "3", "s"):
        pressed(page, key)
    order = [entry.document_id for entry in desk.documents("pool", "ann", "first")]
    expected = dict(zip([("first", name) for name in order], [0, 1, 2, 3, None], strict=True))
    assert kept(desk) == expected
    expect(page.get_by_role("heading", level=2)).to_have_text("number")
    expect(page.get_by_text("Nobody has noted what is meant")).to_be_visible()
    expect(page.locator("#far")).to_have_text("Rated: 5 of 7 documents, 1 of 2 queries")
    expect(page.get_by_role("status")).to_contain_text("Left unjudged. Query: number.")
    pressed(page, "3")
    expect(page.get_by_role("status")).to_contain_text("Graded 3. Document 2 of 2: Stream")
    page.keyboard.press("2")
    expect(page.get_by_text("Every document of this pool is rated. Thank you.")).to_be_visible()
    assert len(kept(desk)) == 7


def test_what_was_said_is_taken_back(visit: Watched, desk: Desk) -> None:
    """One by one, over the end of a query, to what was said before."""
    page = entered(visit)
    for key in ("1", "1", "1", "1", "2"):
        pressed(page, key)
    pressed(page, "u")
    expect(page.get_by_role("heading", level=2)).to_have_text("stream of lines")
    assert len(kept(desk)) == 4
    expect(page.get_by_role("status")).to_contain_text("Took back 2.")
    pressed(page, "ArrowLeft")
    button = page.get_by_role("button", name=re.compile("^1 ?related"))
    expect(button).to_have_attribute("aria-pressed", "true")
    last = seen(page)
    pressed(page, "3")
    pressed(page, "u")
    assert seen(page) == last
    expect(button).to_have_attribute("aria-pressed", "true")
    for _ in range(4):
        pressed(page, "u")
    assert kept(desk) == {}
    pressed(page, "u")
    expect(page.get_by_role("status")).to_have_text("There is nothing to take back.")


def test_one_goes_on_where_one_was(visit: Watched, desk: Desk) -> None:
    """After a reload, and in another browser under the same name; others begin at the beginning."""
    page = entered(visit)
    for key in ("2", "1"):
        pressed(page, key)
    title = seen(page)
    page.reload()
    assert seen(page) == title
    expect(page.locator("#far")).to_have_text(re.compile("^Rated: 2 of 7"))
    page.get_by_role("button", name="Change pool or name").click()
    page.get_by_label("Your name").fill("ben")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#far")).to_have_text(re.compile("^Rated: 0 of 7"))
    seen(page)
    pressed(page, "0")
    assert (len(kept(desk)), len(kept(desk, "ben"))) == (2, 1)


def test_two_raters_at_once(browser: Browser, served: Served, desk: Desk) -> None:
    """Each in an order of their own; neither sees or disturbs the other."""
    with watched(browser, served.address) as one, watched(browser, served.address) as other:
        ann, dan = entered(one, "ann"), entered(other, "dan")
        for _ in range(2):
            pressed(ann, "2")
            pressed(dan, "1")
    assert {*kept(desk).values()} == {2}
    assert {*kept(desk, "dan").values()} == {1}
    assert [*kept(desk)] != [*kept(desk, "dan")]


def test_from_a_pool_to_judgments(visit: Watched, served: Served, tmp_path: Path) -> None:
    """The commands of the howto, beside a server that runs."""
    shop = Shop(tmp_path)
    where = ("--config", str(served.folder / "tandem.toml"))
    text = '{"query_id": "q1", "text": "stream 7", "intent": "the seventh"}\n'
    (tmp_path / "queries.jsonl").write_text(text)
    given = ("--configuration", "lexical", "--configuration", "semantic", "--depth", "3")
    command = ("eval", "pool", "queries.jsonl", *given, "--name", "autumn", "--json")
    pooled = shop.done(*command, *where).data
    assert [share["documents"] for share in pooled["runs"]] == [3, 3]
    page = entered(visit)
    expect(page.get_by_text("the seventh", exact=True)).to_be_visible()
    pressed(page, "2")
    ratings = ("eval", "ratings", "autumn", "--out", "judged.jsonl", "--json")
    told = shop.done(*ratings, *where).data
    assert (told["graded"], told["raters"]) == (1, {"ann": {"rated": 1, "unjudged": 0}})
    judged = read_judgments(tmp_path / "judged.jsonl")
    assert [*judged.qrels["q1"].values()] == [2]
    assert judged.queries == {"q1": "stream 7"}
    rmtree(served.folder / ".tandem" / "judging" / "main" / "autumn")


def test_documents_are_text_and_gone_ones_say_so(visit: Watched, desk: Desk) -> None:
    """Markup in a document stays text; what is deleted can only be left unjudged."""
    page = entered(visit)
    found = {}
    for _ in range(5):
        found[seen(page)] = page.locator("#document").inner_text()
        pressed(page, "ArrowRight")
    assert "<script>alert(2)</script>" in next(
        text for name, text in found.items() if "evil" not in name and "Hostile" in name
    )
    assert "gone from the collection" in found["gone"]
    assert kept(desk) == {}, "to look is not to judge"


def test_buttons_do_what_keys_do(browser: Browser, served: Served, desk: Desk) -> None:
    """On a phone: graded with a finger, and each control is large enough for one."""
    with watched(browser, served.address, PHONE) as visit:
        page = entered(visit)
        assert audited(page, "small") == []
        page.get_by_role("button", name=re.compile("^3")).click()
        expect(page.get_by_role("status")).to_contain_text("Graded 3.")
        page.get_by_role("button", name="Leave unjudged").click()
        expect(page.get_by_role("status")).to_contain_text("Left unjudged.")
        page.get_by_role("button", name="Take back").click()
        expect(page.get_by_role("status")).to_contain_text("Took back what was left unjudged.")
        page.get_by_role("button", name="Next query").click()
        expect(page.get_by_role("heading", level=2)).to_have_text("number")
        page.get_by_role("button", name="Document 2: not rated").click()
        expect(page.get_by_role("button", name="Document 2: not rated")).to_have_attribute(
            "aria-current", "true"
        )
        page.get_by_role("button", name="Previous document").click()
        expect(page.get_by_role("status")).to_contain_text("Document 1 of 2")
        assert list(kept(desk).values()) == [3]


def test_keys_can_be_switched_off(visit: Watched, desk: Desk) -> None:
    """For who speaks to the browser; and none counts in a box where one types or chooses."""
    page = entered(visit)
    page.get_by_label("Query", exact=True).focus()
    page.keyboard.press("2")
    page.get_by_label("Keys:").uncheck()
    page.keyboard.press("2")
    assert kept(desk) == {}
    page.reload()
    seen(page)
    expect(page.get_by_label("Keys:")).not_to_be_checked()
    page.get_by_label("Keys:").check()
    pressed(page, "2")
    assert list(kept(desk).values()) == [2]


def test_what_could_not_be_kept_is_told(visit: Watched, desk: Desk) -> None:
    """In the server's words; the document stays, and it can be tried again."""
    page = entered(visit)
    error = {"code": "ratings_unavailable", "message": "the disk is full", "hint": "make room"}
    visit.answer("**/v1/judging/ratings", 503, error)
    title = seen(page)
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text("The disk is full.")
    visit.forgive("503")
    assert seen(page) == title
    expect(page.locator("#far")).to_have_text(re.compile("^Rated: 0"))
    page.unroute("**/v1/judging/ratings")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#far")).to_have_text(re.compile("^Rated: 1"))
    expect(page.get_by_role("alert")).to_have_count(0)
    assert list(kept(desk).values()) == [2]


def test_what_is_kept_is_not_kept_twice(visit: Watched, desk: Desk) -> None:
    """Where only the way on fails, to try again goes on: no second rating, no second undo."""
    page = entered(visit)
    pressed(page, "1")
    error = {"code": "search_unavailable", "message": "no leg answers", "hint": "wait"}
    visit.answer("**/v1/judging/document?*", 503, error)
    for key, count in (("2", 2), ("u", 1)):
        page.keyboard.press(key)
        expect(page.get_by_role("alert")).to_contain_text("No leg answers.")
        assert len(kept(desk)) == count
    visit.forgive("503")
    page.unroute("**/v1/judging/document?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    seen(page)
    assert len(kept(desk)) == 1
    visit.answer("**/v1/judging/document?*", 503, error)
    page.keyboard.press("3")
    expect(page.get_by_role("alert")).to_be_visible()
    visit.forgive("503")
    page.unroute("**/v1/judging/document?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status")).to_contain_text("Graded 3. Document 3 of 5")
    assert list(kept(desk).values()) == [1, 3]


def test_who_goes_takes_what_is_under_way_along(visit: Watched, desk: Desk) -> None:
    """A reply that comes late for one rater is not what the next one sees and grades."""
    page = entered(visit)
    held: list[Route] = []
    page.route("**/v1/judging/ratings", lambda route: held.insert(0, route))
    page.keyboard.press("2")
    page.get_by_role("button", name="Change pool or name").click()
    page.get_by_label("Your name").fill("ben")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("#as")).to_have_text("ben judges pool")
    title = seen(page)
    with page.expect_response("**/v1/judging/ratings"):
        held[0].continue_()
    page.wait_for_timeout(100)
    assert seen(page) == title
    expect(page.locator("#far")).to_have_text(re.compile("^Rated: 0 of 7"))
    assert (len(kept(desk)), kept(desk, "ben")) == (1, {})


def test_nothing_is_judged_unseen(visit: Watched, desk: Desk) -> None:
    """A key that comes before the document does is not meant for it."""
    page = entered(visit)
    held: list[Route] = []
    page.route("**/v1/judging/document?*", lambda route: held.insert(0, route))
    page.keyboard.press("2")
    expect(page.locator("#document")).to_have_attribute("aria-busy", "true")
    page.keyboard.press("3")
    page.wait_for_timeout(100)
    assert len(kept(desk)) == 1
    held[0].continue_()
    seen(page)


def test_without_a_pool_it_is_said_how_to_make_one(visit: Watched) -> None:
    """And a broken one is named."""
    page = visit.page
    page.goto(f"{visit.address}/judge")
    expect(page.get_by_text("There is no pool to judge yet.")).to_be_visible()
    expect(page.get_by_label("Your name")).to_be_hidden()
    pool = {"name": "bad", "queries": 0, "documents": 0, "fault": "pool.jsonl:3: expected a query"}
    visit.change("**/v1/judging/pools?", lambda _, reply: {**reply, "pools": [pool]})
    page.get_by_role("button", name="Look again").click()
    expect(page.get_by_text("The pool bad cannot be judged: pool.jsonl:3:")).to_be_visible()


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_it_can_be_read(
    browser: Browser, served: Served, desk: Desk, size: tuple[int, int], dark: bool
) -> None:
    """Nothing wider than the screen, every text with contrast, every control with a name."""
    with watched(browser, served.address, size, dark=dark) as visit:
        page = visit.page
        page.goto(f"{visit.address}/judge")
        expect(page.get_by_label("Your name")).to_be_visible()
        assert_readable(page, size)
        for at, place in enumerate(ALL_BUT_TWO):
            desk.rate("pool", "ann", place, (None, 0, 3)[at % 3])
        entered(visit)
        assert_readable(page, size)
        pressed(page, "s")
        assert_readable(page, size)
        page.keyboard.press("2")
        expect(page.get_by_text("Thank you.")).to_be_visible()
        assert_readable(page, size)


def assert_readable(page: Page, size: tuple[int, int]) -> None:
    """What every view must be."""
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    for audit in ("nameless", "doubled", "faint"):
        assert audited(page, audit) == []
    expect(page.get_by_role("main")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
