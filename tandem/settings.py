"""Every setting: name, default, unit and help. The only reader of the environment.

Order of authority: command-line options, ``TANDEM_…`` variables (``TANDEM_SEARCH__DEPTH=200``),
``tandem.toml``, the defaults below.
"""

import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from tandem import fields as field_words
from tandem.errors import FieldError, SettingsError
from tandem.schema import BODY, TITLE, Schema
from tandem.scoring import LexicalScoring
from tandem.sections import (
    EmbeddingSettings,
    EngineSettings,
    FieldSettings,
    IndexingSettings,
    QualitySettings,
    RetentionSettings,
    SearchSettings,
)
from tandem.server_section import ServerSettings

PREFIX = "TANDEM_"
DELIMITER = "__"
FILE = "tandem.toml"
REFERENCE = "see docs/reference/settings.md"
NAME = r"^[a-z0-9][a-z0-9_-]{0,62}$"
TABLES = ("fields", "search.lexical.weights")
"""Settings that are tables of what users name."""

PLAIN_WORDS = {
    "string_pattern_mismatch": "a collection's name is 1 to 63 lower-case letters, digits, - or _, "
    "and begins with a letter or digit"
}
"""What a fault of that type is told as; the only pattern is the collection's."""


class Settings(BaseSettings):
    """All of it. Frozen: a changed setting is a new object."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        extra="forbid",
        frozen=True,
    )

    collection: str = Field("main", pattern=NAME, description="name of the collection")
    data_dir: Path = Field(
        Path(".tandem"), description="folder for the catalogue and the embedded indexes"
    )
    cache_dir: Path = Field(
        Path("~/.cache/tandem"), description="folder for what can be fetched or built again"
    )
    fields: dict[str, FieldSettings] = Field(
        default_factory=dict,
        description="the collection's fields, `[fields.NAME]`; none: inferred from the documents",
    )
    engines: EngineSettings = EngineSettings()
    embedding: EmbeddingSettings = EmbeddingSettings()
    search: SearchSettings = SearchSettings()
    server: ServerSettings = ServerSettings()
    indexing: IndexingSettings = IndexingSettings()
    quality: QualitySettings = QualitySettings()
    retention: RetentionSettings = RetentionSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings names it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - and this one too
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options, then the environment, then the file."""
        return init_settings, env_settings, _SettingsFile(settings_cls)

    def declared_schema(self) -> Schema | None:
        """The declared fields as a closed schema; ``None`` if there are none.

        Raises:
            SchemaError: they contradict themselves.
        """
        if not self.fields:
            return None
        return Schema.of(
            field_words.Field(name, field.type, field.weight) for name, field in self.fields.items()
        )


def load(file: Path | None = None, options: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force. ``options`` are command-line options by name, ``None`` = not given.

    Without ``file``, ``tandem.toml`` in the working folder is read if it is there. Folders that the
    file names, and the default data folder, are relative to the file; those that an option or a
    variable names are relative to the working folder.

    Raises:
        SettingsError: the file is missing or broken, or a setting is unknown or out of range.
    """
    if file is not None and not file.is_file():
        raise SettingsError(f"there is no settings file {file}")
    _refuse_unknown_variables()
    chosen = file or Path(FILE)
    from_file = type("Settings", (Settings,), {"model_config": {"toml_file": chosen}})
    given = {name: value for name, value in (options or {}).items() if value is not None}
    try:
        settings: Settings = from_file(**given)
    except ValidationError as error:
        raise SettingsError(_explain(error), hint=_near_miss(error)) from None
    except TOMLDecodeError as error:
        raise SettingsError(f"{chosen}: not TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{chosen}: cannot be read: {error}") from None
    except ValueError as error:
        told = _no_table() or error
        raise SettingsError(f"environment: {told}", hint="lists and tables are JSON") from None
    _check_weights(settings)
    base = Path() if "data_dir" in settings.model_fields_set else chosen.parent
    return settings.model_copy(
        update={
            "data_dir": base / _expanded("data_dir", settings.data_dir),
            "cache_dir": _expanded("cache_dir", settings.cache_dir),
        }
    )


def _check_weights(settings: Settings) -> None:
    """Against the declared fields; those of inferred ones are known to the collection alone."""
    text = field_words.FieldType.TEXT
    declared = [field_words.Field(name, its.type) for name, its in settings.fields.items()]
    if not declared:
        return
    try:
        LexicalScoring.of(settings.search.lexical.weights).check(
            [TITLE, BODY, *(field for field in declared if field.type is text)]
        )
    except FieldError as error:
        told = f"setting {error.field!r}: {error.reason}"
        raise SettingsError(told, hint=error.hint) from None


def masked(text: str) -> str:
    """The text without what could be a user's name and password in a URL."""
    return re.sub(r":.*@", "://***@" if "://" in text else ":***@", text, flags=re.DOTALL)


def _expanded(name: str, folder: Path) -> Path:
    """The folder with ``~`` and ``~user`` written out."""
    try:
        return folder.expanduser()
    except RuntimeError:
        raise SettingsError(
            f"setting {name!r}: nobody knows the home folder in {str(folder)!r}",
            hint="write the folder's path in full",
        ) from None


FOLDERS = (
    ("", "data_dir"),
    ("", "cache_dir"),
    ("embedding", "path"),
    ("quality", "judgments"),
    ("quality", "thresholds"),
    ("search", "rules"),
)
"""(section, setting) of what is a folder, or a file."""


class _SettingsFile(TomlConfigSettingsSource):
    """``tandem.toml``, with its folders relative to itself."""

    def __call__(self) -> dict[str, Any]:
        data = dict(super().__call__())
        for section, name in FOLDERS:
            place = data.get(section) if section else data
            if isinstance(place, dict) and isinstance(place.get(name), str):
                place[name] = self._beside(f"{section}.{name}".lstrip("."), place[name])
        return data

    def _beside(self, name: str, folder: str) -> str:
        file = self.toml_file_path
        assert isinstance(file, Path), "load names one file"
        return str(file.parent / _expanded(name, Path(folder)))


def _explain(error: ValidationError) -> str:
    lines = []
    for fault in error.errors():
        name = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            lines.append(f"there is no setting {name!r}")
        else:
            said = PLAIN_WORDS.get(fault["type"], fault["msg"])
            lines.append(f"setting {name!r}: {said}, found {masked(repr(fault['input']))}")
    return "; ".join(lines)


def _near_miss(error: ValidationError) -> str:
    for fault in error.errors():
        if fault["type"] == "extra_forbidden":
            name = ".".join(str(part) for part in fault["loc"])
            close = difflib.get_close_matches(name, [row["name"] for row in describe()], n=1)
            if close:
                return f"did you mean {close[0]!r}?"
    return REFERENCE


def _refuse_unknown_variables() -> None:
    """A misspelt variable would otherwise be ignored, and the default used in its place."""
    known = {row["variable"].removeprefix(PREFIX) for row in describe()}
    for variable in os.environ:
        name = variable.removeprefix(PREFIX)
        if variable.startswith(PREFIX) and name not in known and not _is_field_variable(variable):
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {PREFIX}{close[0]}?" if close else REFERENCE
            raise SettingsError(f"the environment variable {variable} names no setting", hint=hint)


def _no_table() -> str | None:
    """What is wrong with the variable of a table, if one is no JSON."""
    for name in TABLES:
        found = os.environ.get(PREFIX + name.upper().replace(".", DELIMITER), "{}")
        try:
            json.loads(found)
        except ValueError:
            return f"setting {name!r}: expected a table as JSON, found {found!r}"
    return None


def _is_field_variable(name: str) -> bool:
    """A declared field, or what only the tests of this project read."""
    known = name in {"TANDEM_FIELDS", "TANDEM_REQUIRE_SERVICES"}
    return known or name.startswith(("TANDEM_FIELDS__", "TANDEM_TEST_"))


def describe() -> list[dict[str, str]]:
    """One row a setting: name, variable, default, help. Unit and range stand in the help."""
    return list(_rows(Settings.model_construct(), ""))


def _rows(section: BaseModel, prefix: str) -> Iterator[dict[str, str]]:
    for name, field in type(section).model_fields.items():
        default = getattr(section, name)
        if isinstance(default, BaseModel):
            yield from _rows(default, f"{prefix}{name}.")
            continue
        full_name = prefix + name
        yield {
            "name": full_name,
            "variable": PREFIX + full_name.upper().replace(".", DELIMITER),
            "default": "" if default is None or default == {} else str(default),
            "help": field.description or "",
        }
