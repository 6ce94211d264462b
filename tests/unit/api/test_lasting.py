"""A trouble that lasts is told once."""

from api.lasting import LastingTrouble
from tandem.errors import CatalogError
from tests.logs import logged


def test_the_same_trouble_is_told_once_until_it_was_over() -> None:
    """Another one is told, and only what nobody foresaw with how it came."""
    trouble = LastingTrouble("it is not done")
    with logged() as records:
        for _ in range(3):
            trouble.tell(CatalogError("down"))
        trouble.tell(ValueError("down"))
        trouble.is_over()
        trouble.tell(ValueError("down"))
    assert [record.getMessage() for record in records] == ["it is not done: down"] * 3
    assert [record.exc_info is not None for record in records] == [False, True, True]
