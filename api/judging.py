"""Where the pools of a collection stand: in the data folder, beside what is searched."""

from relevance_eval.judging.desk import Desk
from tandem.settings import Settings

FOLDER = "judging"


def desk_of(settings: Settings) -> Desk:
    """The pools of the settings' collection."""
    return Desk(settings.data_dir / FOLDER / settings.collection)
