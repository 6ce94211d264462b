"""The how-to from judgments to a promoted release, run as it stands; and a run that is killed."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from relevance_eval.formats.registry import read_judgments
from relevance_eval.measures import measure
from relevance_eval.run_record import read_record
from tests.e2e.shop import Shop, until

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "prove-that-it-helps.md"
COMMANDS = re.findall(r"^    (tandem .+)$", PAGE.read_text("utf-8"), re.MULTILINE)
WARES = {
    "trail-shoe": ("Trail shoe", "a shoe to run on trails"),
    "road-shoe": ("Road shoe", "a light shoe for a run in town"),
    "hiking-boots": ("Hiking boots", "sturdy boots for long hikes"),
    "rain-jacket": ("Rain jacket", "keeps rain out"),
    "wool-socks": ("Wool socks", "warm socks of wool"),
    "sun-hat": ("Sun hat", "a hat against the sun"),
    "sock-drawer": ("Sock drawer", "a drawer for every sock"),
    "boot-polish": ("Boot polish", "polish for a boot"),
}
RATINGS = """\
query,docid,rating
running shoes,trail-shoe,3
running shoes,road-shoe,2
hiking boot,hiking-boots,3
jackets for rainy days,rain-jacket,3
warm sock,wool-socks,3
hats for sunny days,sun-hat,3
"""
MORE_RATINGS = "".join(
    f"{words} {title.lower()},{name},3\n"
    for words in ("a", "the")
    for name, (title, _) in WARES.items()
)
"""Tuning needs 20 queries."""
QUERIES = 800
"""So many that a run is still under way when it is killed."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A collection without stemming, and what somebody has judged."""
    shop = Shop(tmp_path_factory.mktemp("proof"))
    _configure(shop, "plain")
    lines = [{"id": name, "title": title, "body": body} for name, (title, body) in WARES.items()]
    (shop.folder / "wares.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (shop.folder / "ratings.csv").write_text(RATINGS + MORE_RATINGS)
    shop.done("index", "wares.jsonl")
    return shop


def _configure(shop: Shop, analysis: str, more: str = "") -> None:
    shop.configure(more=f'[indexing]\nanalysis = "{analysis}"\n{more}')


def _block(beginning: str) -> str:
    """The lines of the page's block that begins so."""
    (found,) = (
        block
        for block in re.findall(r"(?:^(?:    .*)?\n)+", PAGE.read_text("utf-8"), re.MULTILINE)
        if block.strip().startswith(beginning)
    )
    return re.sub(r"^    ", "", found, flags=re.MULTILINE).strip() + "\n"


def test_every_command_of_the_page(shop: Shop) -> None:
    """In order; what the page has one write is written before the command that needs it."""
    told = {}
    for command in COMMANDS:
        if command == "tandem reindex --no-promote":
            _configure(shop, "english")
        if command.startswith("tandem eval gate"):
            (shop.folder / "thresholds.toml").write_text(_block("[minimum]"))
        if command == "tandem promote 2":
            _configure(shop, "english", _block("[quality]"))
        told[command] = shop.done(*command.split()[1:])
    verbs = [" ".join(command.split()[1:3]) for command in COMMANDS]
    assert {
        "eval convert", "eval run", "eval compare", "eval report", "eval gate", "promote 2",
        "eval tune", "promote --search", "rollback",
    } == {*verbs} - {"reindex --no-promote"}  # fmt: skip
    compared = next(ran.out for command, ran in told.items() if "before/lexical" in command)
    assert "nDCG@10" in compared
    after = read_record(shop.folder / "after" / "lexical-generation-2.jsonl")
    before = read_record(shop.folder / "before" / "lexical.jsonl")
    assert (before.about["analysis"], after.about["analysis"]) == ("plain-1", "english-1")
    qrels = read_judgments(shop.folder / "judgments.jsonl").qrels
    (better, worse) = (measure(qrels, record.run)["nDCG@10"] for record in (after, before))
    assert better > worse  # the change of the page does what it is made for
    live = read_record(shop.folder / "live" / "hybrid.jsonl")
    proven = read_record(shop.folder / "after" / "hybrid-generation-2.jsonl")
    assert dict(live.run) == dict(proven.run)
    assert live.about["release"] == 2
    tuned = read_record(shop.folder / "tuned" / "hybrid.jsonl")
    assert tuned.about["release"] == 3
    chosen = tomllib.loads((shop.folder / "tuned.toml").read_text())["search"]
    assert tuned.about["settings"]["fusion"] == chosen["fusion"]
    assert tuned.about["settings"]["depth"] == chosen["depth"]
    assert chosen["fusion"] != live.about["settings"]["fusion"]


def test_a_run_that_is_killed_goes_on(shop: Shop) -> None:
    """Kill -9: finished queries stay, none is asked twice, and the end is that of a whole run."""
    folder = shop.folder
    rows = [
        {"query_id": f"q{at}", "query": "shoe", "judgments": [
            {"document_id": "trail-shoe", "grade": 1}]}
        for at in range(QUERIES)
    ]  # fmt: skip
    (folder / "many.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    words = "eval", "run", "many.jsonl", "--configuration", "lexical", "--out", "killed"
    file = folder / "killed" / "lexical.jsonl"
    process = subprocess.Popen(
        shop.command(*words),
        cwd=folder,
        env=shop.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: file.exists() and file.stat().st_size > 5_000)
    process.kill()
    process.wait()
    kept = file.read_bytes().rpartition(b"\n")[0].splitlines()
    assert 10 < len(kept) < QUERIES
    shop.done(*words)
    lines = file.read_bytes().splitlines()
    assert lines[: len(kept)] == kept
    assert json.loads(lines[-1])["hits"] == json.loads(lines[1])["hits"]
    assert list(read_record(file).run) == [row["query_id"] for row in rows]
