"""The page's files: what is sent, how, and that nothing else is."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from api.routes import page
from tandem.rankings import Part, Reason
from tests.web_client import StandIn, client_of, error_of, web_with_pages

FILES = {
    "index.html": "<!doctype html><title>Tandem</title>",
    "page.css": "body {}",
    "main.js": "export {};",
    "secret.txt": "no type that a page has",
}


@pytest.fixture
def pages(tmp_path: Path) -> Any:
    """Asks for the files of a folder."""
    folder = tmp_path / "page"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (tmp_path / "outside.html").write_text("outside")
    return web_with_pages(page.page_files(folder))


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/?q=snow", "index.html", "text/html; charset=utf-8"),
        ("/page/page.css", "page.css", "text/css; charset=utf-8"),
        ("/page/main.js", "main.js", "text/javascript; charset=utf-8"),
    ],
)
def test_files_are_sent(pages: Any, path: str, name: str, kind: str) -> None:
    """With their type, and a policy under which nothing from elsewhere is loaded."""
    reply = pages.get(path)
    assert (reply.status_code, reply.text) == (200, FILES[name])
    assert reply.headers["content-type"] == kind
    policy = reply.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert pages.head(path).headers["etag"] == reply.headers["etag"]
    assert pages.head(path).content == b""


def test_what_is_unchanged_is_not_sent_again(pages: Any) -> None:
    """Asked every time, so that a newer page is seen at once."""
    first = pages.get("/")
    assert first.headers["cache-control"] == "no-cache"
    etag = first.headers["etag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        again = pages.get("/", headers={"if-none-match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
    assert pages.get("/", headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/page/", "/page/none.js", "/page/secret.txt", "/page/../outside.html",
        "/page/%2e%2e/outside.html", "/page/..%2foutside.html", "/page/..%5coutside.html",
        "/page//etc/passwd", "/page/%2fetc%2fpasswd", "/page/index.html%00.css", "/page/INDEX.HTML",
        "/page/parts/main.js", "/index.html",
    ],
)  # fmt: skip
def test_nothing_else_is(pages: Any, path: str) -> None:
    """A path is a name to look up, not one to go to."""
    assert error_of(pages.get(path))["code"] == "not_found"


def test_what_a_page_must_know_first() -> None:
    """The collection, its fields, which are chosen among by value, and who one may be."""
    reply = client_of(StandIn()).get("/page/setup.json")
    assert reply.json() == {
        "collection": "main",
        "configurations": ["lexical", "semantic", "rrf", "hybrid"],
        "facets": ["kind"],
        "fields": [
            {"field": "title", "type": "text"},
            {"field": "body", "type": "text"},
            {"field": "kind", "type": "keyword"},
            {"field": "year", "type": "integer"},
        ],
        "people": [],
    }
    assert reply.headers["cache-control"] == "no-store"


def test_the_page_has_words_for_whatever_may_be_missing() -> None:
    """Each part and each reason of the closed lists, and no other."""
    script = (Path(page.__file__).parents[1] / "page" / "notices.js").read_text()
    for name, known in (("LACKS", get_args(Part)), ("REASONS", get_args(Reason))):
        (listed,) = re.findall(rf"const {name} = {{(.*?)}};", script, re.DOTALL)
        assert {*re.findall(r"^  (\w+):", listed, re.MULTILINE)} == {*known}
