"""One report, three forms."""

import json
import re

import numpy as np
import pytest

from relevance_eval.measures import measure
from relevance_eval.report import contents as module
from relevance_eval.report.as_html import as_html
from relevance_eval.report.as_json import as_json
from relevance_eval.report.as_markdown import as_markdown
from tests.reported import NASTY, TEXTS, judged, report, runs


def test_the_figures_are_those_of_the_measures() -> None:
    """Means, the values of each query, and the curves at the same depth."""
    found, qrels = report(), judged()
    for at, (name, run) in enumerate(runs().items()):
        expected = measure(qrels, run, ["nDCG@10", "IPrec@0.5"])
        told = found["runs"][at]
        assert told["means"]["nDCG@10"][0] == pytest.approx(expected["nDCG@10"])
        values = [query["values"][name][0] for query in found["queries"]]
        assert np.mean(values) == pytest.approx(expected["nDCG@10"])
        curves = found["curves"][name]
        assert dict(curves["nDCG"])[10.0] == pytest.approx(expected["nDCG@10"])
        assert dict(curves["precision"])[0.5] == pytest.approx(expected["IPrec@0.5"])


def test_slices_together_are_all_queries() -> None:
    """Each with its difference from the first run."""
    rows = report()["slices"]
    assert sum(row["queries"] for row in rows) == len(TEXTS)
    assert [row["part"] for row in rows] == ["2 to 3 words", "4 to 6 words", "7 to 12 words"]
    for row in rows:
        mean, low, high = row["differences"]["new"]
        assert low <= mean <= high
        assert mean == pytest.approx(row["means"]["new"] - row["means"]["old"])


def test_lists_keep_unjudged_apart_from_bad() -> None:
    """``None`` is not 0."""
    first = report()["queries"][0]["lists"]["new"]
    assert dict(first) == {"good": 3, "fair": 1, "bad": 0, "unseen": None}


def test_of_very_many_queries_only_what_moved_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file must still open."""
    monkeypatch.setattr(module, "MOST_LISTS", 10)
    found = report()
    listed = {query["id"] for query in found["queries"] if query["lists"]}
    moved = {name for pair in found["differences"] for name in pair["moved"]}
    assert listed == moved
    assert 0 < len(listed) < len(TEXTS)


def test_the_json_twin_says_all() -> None:
    """It is the contents."""
    found = report()
    assert json.loads(as_json(found)) == json.loads(json.dumps(found))


def test_html_holds_its_data_and_asks_no_host() -> None:
    """Nothing of the data can end its element."""
    found = report()
    page = as_html(found)
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert json.loads(data[1]) == json.loads(json.dumps(found))
    assert not re.search(r'(src|href)="(?!data:|#)', page)
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert "@DATA@" not in page


def test_data_that_looks_like_a_mark_is_data() -> None:
    """Whatever a run is named."""
    page = as_html(report(("@SCRIPT@", "@DATA@")))
    assert page.count('"use strict"') == 1
    assert page.count('"name":"@SCRIPT@"') == 1


def test_markdown_has_the_same_figures_in_whole_tables() -> None:
    """A query that looks like markup breaks no row."""
    found = report()
    text = as_markdown(found)
    mean, low, high = found["runs"][1]["means"]["nDCG@10"]
    assert f"{mean:.4f} ({low:.4f} to {high:.4f})" in text
    assert found["differences"][0]["sentence"].replace("<", "&lt;") in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    for line in tables:
        assert line.endswith("|")
    assert "<b>" not in text
    assert NASTY.split("|", maxsplit=1)[0] not in text


def test_no_name_breaks_a_table_of_markdown() -> None:
    """A bar after a backslash would end its cell; an entity stays one."""
    text = as_markdown(report(("a\\|b", "AT&lt;T <b>")))
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1
    assert "a\\&#124;b" in text
    assert "AT&amp;lt;T &lt;b>" not in text
    assert "AT&amp;lt;T &lt;b&gt;" in text


def test_a_name_like_a_mark_stays_in_the_title() -> None:
    """The file of the judgments names the report."""
    found = report()
    page = as_html({**found, "name": "@DATA@"})
    assert "<title>@DATA@ - " in page


def test_a_single_run_has_a_report() -> None:
    """Without differences."""
    found = report(("only",))
    assert found["differences"] == []
    assert "Differences" not in as_markdown(found)
    assert as_html(found)
