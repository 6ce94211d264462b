"""Entity tags of documents."""

import pytest
from starlette.datastructures import Headers

from api.http_errors import BadParameter
from api.preconditions import etag, is_known, sequence_of


@pytest.mark.parametrize(
    "tag", ["", "17", "*", 'W/"17"', '"17", "18"', '""', '"a"', '"-1"', '"017"']
)
def test_what_is_no_tag_of_one_document_is_refused(tag: str) -> None:
    """A write is bound to one sequence."""
    with pytest.raises(BadParameter, match="expected the ETag") as refused:
        sequence_of(Headers({"if-match": tag}), None)
    assert refused.value.field == "If-Match"


def test_a_sequence_that_no_log_gives_is_refused() -> None:
    """It would fit no column."""
    with pytest.raises(BadParameter):
        sequence_of(Headers({"if-match": f'"{2**63}"'}), None)


def test_a_tag_that_is_sent_twice_is_refused() -> None:
    """As a list of both is: a write must not be bound to the first of them alone."""
    for name in (b"if-match", b"if-none-match"):
        sent = [(name, b'"17"'), (name, b'"18"')]
        with pytest.raises(BadParameter, match="expected"):
            sequence_of(Headers(raw=sent), None)
        assert is_known(Headers(raw=sent), 18) is (name == b"if-none-match")


@pytest.mark.parametrize(
    ("headers", "if_sequence"),
    [
        ({"if-match": '"17"'}, 18),
        ({"if-none-match": "*"}, 17),
        ({"if-none-match": "*", "if-match": '"17"'}, None),
    ],
)
def test_two_that_contradict_each_other_are_refused(
    headers: dict[str, str], if_sequence: int | None
) -> None:
    """Rather than one of them passed over."""
    with pytest.raises(BadParameter, match="says otherwise than"):
        sequence_of(Headers(headers), if_sequence)


def test_a_write_knows_no_other_use_of_if_none_match() -> None:
    """A tag there would ask that the document has changed."""
    with pytest.raises(BadParameter, match=r"expected \* on a write"):
        sequence_of(Headers({"if-none-match": '"17"'}), None)


def test_all_ways_to_say_it() -> None:
    """By a header, by the parameter, by both; or not at all."""
    assert sequence_of(Headers({}), None) is None
    assert sequence_of(Headers({}), 0) == 0
    assert sequence_of(Headers({"if-match": ' "17" '}), None) == 17
    assert sequence_of(Headers({"if-match": etag(17)}), 17) == 17
    assert sequence_of(Headers({"if-none-match": "*"}), 0) == 0


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ('"17"', True), ('W/"17"', True), ('"1", "17"', True), ("*", True),
        ('"18"', False), ("17", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_known_already(given: str, known: bool) -> None:
    """Weak tags are as good as strong ones for that."""
    assert is_known(Headers({"if-none-match": given} if given else {}), 17) is known
