"""What of a document is shown for a query, with its matches marked."""

import html
import re
from collections.abc import Collection, Mapping

import pytest

from tandem.lexical import LexicalIndex
from tests.builders import deletion, document, upserts
from tests.contracts.lexical_base import FAMILY, TIMEOUT, LexicalContract, write

MARK = re.compile(r"<mark>(.*?)</mark>", re.DOTALL)
PROSE = ("Nothing of note happened on that day in the small town by the river. " * 20).strip()


def highlight(
    index: LexicalIndex, text: str, document_ids: Collection[str]
) -> dict[str, dict[str, str]]:
    """Highlights as plain dictionaries."""
    found = index.highlight(text, document_ids, timeout_seconds=TIMEOUT)
    return {document_id: dict(fields) for document_id, fields in found.items()}


def plain(marked: str) -> str:
    """The text that was marked; every other sign of HTML in it must be escaped."""
    bare = marked.replace("<mark>", "").replace("</mark>", "")
    assert not set("<>") & set(bare), bare
    return html.unescape(bare)


def marks(fields: Mapping[str, str], field: str = "body") -> list[str]:
    """The marked words of a field, in order."""
    return [html.unescape(word) for word in MARK.findall(fields[field])]


class HighlightsContract(LexicalContract):
    """Highlights."""

    @pytest.mark.parametrize(
        ("body", "text", "expected"),
        [
            ("She was running; they ran, he runs. Run!", "run", ["running", "runs", "Run"]),
            ("They run home", "RUNNING", ["run"]),
            ("A table in the Café, a cafe", "cafe", ["Café", "cafe"]),
            ("Two cafes and a Café", "cafés", ["cafes", "Café"]),
            ("the men's shoes", "men", ["men's"]),
            ("the men\u2019s shoes", "men's", ["men\u2019s"]),
            ("red apples, green pears, red pears", "red pear", ["red", "pears", "red", "pears"]),
            ("日本語 text", "日本語", ["日本語"]),
            (f"{FAMILY} zebra {FAMILY} zebras", "zebra", ["zebra", "zebras"]),
            ("A state-of-the-art engine", "the art of state", ["state", "art"]),
            ("línea\n\ttwo\u2028zebra", "zebra two", ["two", "zebra"]),
        ],
    )
    def test_every_form_is_marked_as_it_stands(
        self, index: LexicalIndex, body: str, text: str, expected: list[str]
    ) -> None:
        """Stemmed and folded forms are marked, whole words only, and all of them."""
        write(index, upserts([document("a", body)]))
        found = highlight(index, text, ["a"])
        assert found.keys() == {"a"}
        assert found["a"].keys() == {"body"}
        assert marks(found["a"]) == expected
        assert plain(found["a"]["body"]).strip() == body.strip()

    def test_signs_of_html_are_escaped(self, index: LexicalIndex) -> None:
        """Whatever stands in a document is text, beside a mark and inside it."""
        text = "<script>alert('zebra & horse')</script> \"zebra\" &amp; <mark>zebra's</mark>"
        write(index, upserts([document("a", text, title=text)]))
        found = highlight(index, "zebra", ["a"])["a"]
        for field in ("title", "body"):
            assert plain(found[field]) == text
            assert marks(found, field) == ["zebra", "zebra", "zebra's"]

    def test_titles_are_whole(self, index: LexicalIndex) -> None:
        """A title is given from its first sign to its last, however long."""
        title = f"…({PROSE} zebra, {PROSE} zebras!)"
        write(index, upserts([document("a", "horse", title=title), document("b", title="Zebra")]))
        found = highlight(index, "zebra", ["a", "b"])
        assert found == {"a": {"title": found["a"]["title"]}, "b": {"title": "<mark>Zebra</mark>"}}
        assert plain(found["a"]["title"]) == title
        assert marks(found["a"], "title") == ["zebra", "zebras"]

    def test_of_a_body_the_best_piece(self, index: LexicalIndex) -> None:
        """About 200 characters around the place where most of the words stand together."""
        body = f"A zebra came. {PROSE} Zebras near horses run. {PROSE} A horse. {PROSE}"
        write(index, upserts([document("a", body)]))
        found = highlight(index, "zebra horse running", ["a"])["a"]
        piece = plain(found["body"])
        assert marks(found) == ["Zebras", "horses", "run"]
        assert piece in body
        assert 100 <= len(piece) <= 300

    @pytest.mark.parametrize("place", ["start", "middle", "end"])
    def test_wherever_the_match_stands(self, index: LexicalIndex, place: str) -> None:
        """One match in a long body is found at its start, in its midst and at its end."""
        body = {"start": f"Zebra. {PROSE}", "middle": f"{PROSE} A zebra. {PROSE}",
                "end": f"{PROSE} A zebra"}[place]  # fmt: skip
        write(index, upserts([document("a", body)]))
        found = highlight(index, "zebra", ["a"])["a"]
        assert [mark.lower() for mark in marks(found)] == ["zebra"]
        assert plain(found["body"]) in body
        assert len(plain(found["body"])) <= 300

    def test_what_does_not_match_is_left_out(self, index: LexicalIndex) -> None:
        """Fields and documents without a match, unknown and deleted ids."""
        sent = [
            document("both", "a zebra", title="Zebra"),
            document("body", "a zebra", title="Horse"),
            document("title", "a horse", title="Zebra"),
            document("neither", "a horse", title="Zebrafish"),
            document("other field", abstract="zebra", genre="zebra"),
            document("gone", "a zebra"),
        ]
        write(index, [*upserts(sent), deletion(9, "gone")])
        found = highlight(index, "zebra", [*(item.document_id for item in sent), "unknown"])
        fields = {document_id: set(held) for document_id, held in found.items()}
        assert fields == {"both": {"title", "body"}, "body": {"body"}, "title": {"title"}}
        assert highlight(index, "zebra", []) == {}
        assert highlight(index, "zebra", ["unknown"]) == {}

    @pytest.mark.parametrize("text", ["", " ", "the", "!?", "\0", "…", "<mark>", "</i>"])
    def test_nothing_searchable_marks_nothing(self, index: LexicalIndex, text: str) -> None:
        """A text without a word that the document holds is no error."""
        write(index, upserts([document("a", "the !? … </b> text", title="the")]))
        assert highlight(index, text, ["a"]) == {}

    def test_every_document_that_is_found_is_marked(self, index: LexicalIndex) -> None:
        """Where title or body made a document match, something is marked in it."""
        bodies = ("running zebras", "a run", "Zebra's", "the café", "cafés run", "horse")
        write(index, upserts(document(f"d{n}", bodies[n % 6]) for n in range(30)))
        text = "zebra running cafe"
        ranking = index.search(text, limit=100, timeout_seconds=TIMEOUT)
        assert len(ranking) == 25
        found = highlight(index, text, ranking.document_ids)
        assert found.keys() == set(ranking.document_ids)
        assert all(marks(fields) for fields in found.values())

    def test_very_long_bodies(self, index: LexicalIndex) -> None:
        """A body of more than a megabyte is searched to its end, in the time that is given."""
        filler = " ".join(f"word{number}" for number in range(120_000))
        assert len(filler) > 1_200_000
        sent = [document("end", f"{filler} zebra"), document("start", f"zebra {filler}"),
                document("often", "zebra horse " * 100_000),
                document("endless", "x" * 1_000_000 + " zebra")]  # fmt: skip
        assert not write(index, upserts(sent))
        found = highlight(index, "zebra", [item.document_id for item in sent])
        assert found.keys() == {"end", "start", "often", "endless"}
        assert marks(found["end"]) == marks(found["start"]) == ["zebra"]
        assert set(marks(found["often"])) == {"zebra"}
        assert all(len(fields["body"]) < 1_000 for fields in found.values())
