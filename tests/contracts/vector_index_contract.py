"""What every vector engine owes its callers; a new one inherits the class and names its store."""

from tests.contracts.vector_changes import ChangesContract
from tests.contracts.vector_filters import FiltersContract
from tests.contracts.vector_life import LifeContract
from tests.contracts.vector_rankings import RankingsContract
from tests.contracts.vector_versions import VersionsContract


class VectorIndexContract(
    RankingsContract, ChangesContract, VersionsContract, LifeContract, FiltersContract
):
    """Inherit, and define ``make_store``."""
