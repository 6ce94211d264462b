"""The options that several verbs share."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tandem import settings as all_settings
from tandem.settings import Settings

Collection = Annotated[
    str | None, typer.Option("--collection", "-c", help="Collection, instead of the settings' one.")
]
DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Data folder, instead of the settings' one.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings file, instead of ./tandem.toml.")
]
Override = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        help="Promote although this gate fails: refused, verify or quality of a generation; "
        "better, not-worse or quality of a model.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def settings(
    config: Path | None,
    data_dir: Path | None,
    collection: str | None,
    server: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings in force under these options; ``server`` are those of that section."""
    given = {name: value for name, value in (server or {}).items() if value is not None}
    options = {"data_dir": data_dir, "collection": collection, "server": given or None}
    return all_settings.load(config, options)
