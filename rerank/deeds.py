"""What deeds say: which of them chose a document, which rated it, and whose they are."""

from collections.abc import Mapping

from tandem.behaviour import Deed, Who

RATING = "rating"

CHOOSING: Mapping[str, float] = {"click": 1.0, "add_to_cart": 2.0, "purchase": 3.0}
"""Actions by which a document was chosen, and what one is worth beside a click."""

LARGEST_RATING = 1e6
"""A value beyond that, either way, does not count as a rating: a sum must stay a number."""


def is_rating(deed: Deed) -> bool:
    """Whether it says how much a document was liked."""
    return deed.action == RATING and deed.value is not None and abs(deed.value) <= LARGEST_RATING


def is_by(deed: Deed, who: Who) -> bool:
    """Whether it belongs to somebody's past, as ``BehaviourLog.deeds_of`` has it."""
    if who.session_id is not None and deed.session_id == who.session_id:
        return True
    if who.user_id is not None:
        return deed.user_id == who.user_id
    return who.client_id is not None and deed.client_id == who.client_id
