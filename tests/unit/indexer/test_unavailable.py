"""What stands in for an index that could not be opened."""

from typing import Any

import pytest

from indexer.unavailable import UnavailableIndex
from tandem.errors import EngineError, EngineUnavailable
from tandem.lexical import LexicalIndex
from tandem.protocols import VectorIndex


@pytest.mark.parametrize("seam", [LexicalIndex, VectorIndex])
def test_every_question_is_answered_by_the_reason(seam: Any) -> None:
    """Whatever an index may be asked, the error names why it cannot answer; closing is no error."""
    index = UnavailableIndex(EngineError("the folder is gone", hint="look for it"))
    questions = {name for name in vars(seam) if not name.startswith("_")} - {"close"}
    assert {"search", "apply"} <= questions
    for name in questions:
        with pytest.raises(EngineUnavailable, match="the folder is gone") as raised:
            getattr(index, name)()
        assert raised.value.hint == "look for it"
    index.close()
