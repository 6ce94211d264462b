"""The settings that a reindex goes by, and what they differ in from what is live."""

from pathlib import Path
from typing import Any

import pytest

from api.wanted import Wanted, pending_change
from tandem.catalog.releases import Generation
from tandem.errors import SettingsError
from tandem.schema import Schema
from tandem.settings import Settings

MODEL = Settings().embedding.model


def generation(schema: Schema | None = None) -> Generation:
    """Built with the defaults."""
    return Generation(3, "main", schema or Schema.of([]), "english-1", f"{MODEL}@1", 4, 128)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, ""),
        ({"fields": {"year": {"type": "integer"}}}, "fields of"),
        ({"embedding": {"model": "x/y"}}, "embedding.model of"),
        ({"indexing": {"passage_tokens": 64}}, "indexing.passage_tokens of"),
        ({"indexing": {"analysis": "plain"}}, "indexing.analysis of"),
        (
            {"embedding": {"model": "x/y"}, "indexing": {"passage_tokens": 64}},
            "embedding.model, indexing.passage_tokens of",
        ),
    ],
)
def test_a_change_is_pending_until_a_reindex(values: dict[str, Any], names: str) -> None:
    """It is told by the settings' names, and how to apply it."""
    told = pending_change(Settings(**values), generation())
    if not names:
        assert told is None
    else:
        assert told is not None
        assert told.startswith(names)
        assert "generation 3" in told
        assert told.endswith("apply them with tandem reindex")


def test_what_was_built_is_pending_no_more() -> None:
    """The same fields in another order are the same."""
    settings = Settings(fields={"a": {"type": "text"}, "b": {"type": "keyword"}})
    turned = Settings(fields={"b": {"type": "keyword"}, "a": {"type": "text"}})
    schema = settings.declared_schema()
    assert pending_change(turned, generation(schema)) is None


def test_they_travel_as_json_and_take_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths mean the same to a process in another folder; folder and engines are not touched."""
    monkeypatch.chdir(tmp_path)
    asked = Settings(
        data_dir="elsewhere",
        fields={"year": {"type": "integer"}},
        embedding={"model": "x/y", "path": "model"},
        quality={"judgments": "judged", "thresholds": "demanded", "tolerance": 0.2},
        indexing={"analysis": "plain"},
        retention={"generations": 5, "events_days": 1, "history_days": 1},
    )
    data = Wanted.of(asked).as_data()
    own = Settings(data_dir="own", fields={"old": {"type": "text"}})
    taken = Wanted.read(data).put_into(own)
    assert taken.data_dir == Path("own")
    assert taken.fields == asked.fields
    assert taken.embedding.path == tmp_path / "model"
    assert taken.quality.thresholds == tmp_path / "demanded"
    assert taken.quality.judgments == tmp_path / "judged"
    assert taken.indexing.analysis == "plain"
    assert taken.quality.tolerance == 0.2
    assert taken.retention == own.retention.model_copy(update={"generations": 5})


def test_what_another_version_wants_is_refused() -> None:
    """A setting that is not known here, or missing, is named."""
    data = Wanted.of(Settings()).as_data()
    with pytest.raises(SettingsError, match="colour") as raised:
        Wanted.read({**data, "colour": 1})
    assert raised.value.hint
    data.pop("generations")
    with pytest.raises(SettingsError, match="generations"):
        Wanted.read(data)
