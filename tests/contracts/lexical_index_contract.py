"""What every lexical engine owes its callers; a new one inherits the class and names its store.

The parts are divided by subject. Each applies changes through ``write``, which refreshes: an engine
may be durable on return of ``apply`` and searchable only after ``refresh``.
"""

from tests.contracts.lexical_analyses import AnalysesContract
from tests.contracts.lexical_browsing import BrowsingContract
from tests.contracts.lexical_changes import ChangesContract
from tests.contracts.lexical_highlights import HighlightsContract
from tests.contracts.lexical_life import LifeContract
from tests.contracts.lexical_rankings import RankingsContract
from tests.contracts.lexical_scoring import ScoringContract
from tests.contracts.lexical_spelling import SpellingContract
from tests.contracts.lexical_suggestions import SuggestionsContract
from tests.contracts.lexical_tallies import TalliesContract
from tests.contracts.lexical_versions import VersionsContract
from tests.contracts.lexical_wordings import WordingsContract
from tests.contracts.lexical_words import WordsContract


class LexicalIndexContract(
    WordsContract,
    AnalysesContract,
    RankingsContract,
    ScoringContract,
    ChangesContract,
    VersionsContract,
    LifeContract,
    SuggestionsContract,
    HighlightsContract,
    TalliesContract,
    WordingsContract,
    BrowsingContract,
    SpellingContract,
):
    """Inherit, and define ``make_store`` and ``page_size``."""
