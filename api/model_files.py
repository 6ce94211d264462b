"""A model as a folder: its manifest and its parts, to be taken to another installation."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from rerank.model import Model
from tandem.catalog.models import StoredModel
from tandem.errors import InputError, ModelError

MANIFEST = "manifest.json"
MAXIMUM_BYTES = 500_000_000
"""Of a part. Large ones have a few million bytes."""

ANOTHER = "name a folder that tandem models export has written"


def export_model(stored: StoredModel, folder: Path) -> None:
    """Write a model into a new or an empty folder, the manifest last.

    Raises:
        InputError: the folder has something in it, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError(
                f"{folder} is not empty, expected a new or an empty folder",
                hint="name another, so that nothing is overwritten",
            )
        for name, content in stored.parts.items():
            (folder / name).write_bytes(content)
        options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
        (folder / MANIFEST).write_bytes(orjson.dumps(dict(stored.manifest), option=options))
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise InputError(
            f"the model cannot be written into {folder}: {reason}",
            hint="name a folder that can be written to and has room",
        ) from None


def import_model(folder: Path) -> Model:
    """The model of a folder. It was compared with the models of another installation, not of this
    one, and does not say so any more.

    Raises:
        InputError: something is missing, altered, or no model.
    """
    manifest = _manifest(folder)
    names = manifest.get("checksums")
    if not isinstance(names, dict) or not all(_is_plain(name) for name in names):
        raise InputError(f"{folder / MANIFEST} does not name the parts of a model", hint=ANOTHER)
    parts = {name: _content(folder / name) for name in names}
    try:
        model = Model.read(manifest, parts)
    except ModelError as error:
        raise InputError(f"{folder} holds no usable model: {error}", hint=error.hint) from error
    proof = model.manifest.proof
    elsewhere = replace(
        proof, live=None, lifts={name: lift for name, lift in proof.lifts.items() if name != "live"}
    )
    return replace(model, manifest=replace(model.manifest, proof=elsewhere))


def _is_plain(name: Any) -> bool:
    return isinstance(name, str) and Path(name).name == name


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = orjson.loads(_content(folder / MANIFEST))
    except orjson.JSONDecodeError as error:
        raise InputError(f"{folder / MANIFEST} is no JSON: {error}", hint=ANOTHER) from None
    if not isinstance(found, dict):
        raise InputError(f"{folder / MANIFEST} is no JSON object", hint=ANOTHER)
    return found


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise InputError(f"{path} cannot be read: {reason}", hint=ANOTHER) from None
    if len(content) > MAXIMUM_BYTES:
        raise InputError(f"{path} is larger than {MAXIMUM_BYTES:,} bytes", hint=ANOTHER)
    return content
