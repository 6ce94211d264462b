"""A report for people: one file that asks no host for anything."""

import re
from html import escape
from importlib.resources import files
from typing import Any

import orjson

SCRIPTS = ("dom.js", "charts.js", "tables.js", "queries.js", "report.js")


def as_html(contents: Any) -> str:
    """The page; the contents stand in it as JSON, from which its script draws."""
    folder = files("relevance_eval.report").joinpath("page")

    def text(name: str) -> str:
        return folder.joinpath(name).read_text(encoding="utf-8")

    # in a script element only "<" could end it; JSON may write it otherwise
    data = orjson.dumps(contents).decode().replace("<", "\\u003c")
    parts = {
        "@TITLE@": escape(f"{contents['name']} - Tandem evaluation"),
        "@STYLE@": text("report.css"),
        "@SCRIPT@": "\n".join(text(name) for name in SCRIPTS),
        "@DATA@": data,
    }
    return re.sub("|".join(parts), lambda found: parts[found[0]], text("report.html"))
