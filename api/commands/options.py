"""The options that several verbs share."""

from pathlib import Path
from typing import Annotated

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
        "--override", help="Promote although this gate fails: refused, verify or quality."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def settings(config: Path | None, data_dir: Path | None, collection: str | None) -> Settings:
    """The settings in force under these options."""
    return all_settings.load(config, {"data_dir": data_dir, "collection": collection})
