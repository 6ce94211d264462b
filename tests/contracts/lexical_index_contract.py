"""What every lexical engine owes its callers; a new one inherits the class and names its store.

The parts are divided by subject. Each applies changes through ``write``, which refreshes: an engine
may be durable on return of ``apply`` and searchable only after ``refresh``.
"""

from tests.contracts.lexical_changes import ChangesContract
from tests.contracts.lexical_life import LifeContract
from tests.contracts.lexical_rankings import RankingsContract
from tests.contracts.lexical_words import WordsContract


class LexicalIndexContract(WordsContract, RankingsContract, ChangesContract, LifeContract):
    """Inherit, and define ``make_store`` and ``page_size``."""
