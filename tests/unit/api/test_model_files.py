"""A model taken elsewhere as a folder: what is not as it was written is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.model_files import export_model, import_model
from tandem.catalog.models import StoredModel
from tandem.catalog.moments import EPOCH
from tandem.errors import InputError
from tests.trained_models import know_signals, proof, trained


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models' signals."""
    know_signals(monkeypatch)


def stored() -> StoredModel:
    """One that was compared with a live one."""
    made = trained(proof=proof(live=(7, 0.01)))
    return StoredModel(8, "main", EPOCH, made.manifest.as_json(), made.parts())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An exported model."""
    export_model(stored(), tmp_path / "deep" / "model")
    return tmp_path / "deep" / "model"


def test_there_and_back(folder: Path) -> None:
    """The same trees and features; the comparison with a model of another place is left out."""
    assert {path.name for path in folder.iterdir()} == {"manifest.json", *stored().parts}
    read = import_model(folder)
    assert read.parts() == stored().parts
    assert read.manifest.features == trained().manifest.features
    assert read.manifest.proof.live is None
    assert {*read.manifest.proof.lifts} == {"untrained"}


def altered(**values: Any) -> Callable[[Path], object]:
    """The manifest says something else."""

    def alter(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return alter


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "manifest.json cannot be read"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "manifest.json is no JSON"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), "is no JSON object"),
        (lambda folder: (folder / "model.txt").unlink(), "model.txt cannot be read"),
        (lambda folder: (folder / "model.txt").write_text("tree"), "SHA-256 is not the manifest"),
        (lambda folder: (folder / "tables.npz").write_bytes(b"x"), "tables.npz is not what was"),
        (altered(checksums=None), "does not name the parts"),
        (altered(checksums={"../model.txt": "0"}), "does not name the parts"),
        (altered(checksums={}), "no part model.txt"),
        (altered(features=["useful"]), "no usable model"),
        (altered(format=99), "format 99"),
        (altered(colour="green"), "colour"),
    ],
)
def test_what_is_not_as_it_was_written(
    folder: Path, alter: Callable[[Path], object], said: str
) -> None:
    """Each is bad input that names the folder."""
    alter(folder)
    with pytest.raises(InputError, match=said) as raised:
        import_model(folder)
    assert str(folder) in str(raised.value)


def test_a_part_that_is_too_large(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read into memory."""
    monkeypatch.setattr("api.model_files.MAXIMUM_BYTES", 10)
    with pytest.raises(InputError, match="is larger than 10 bytes"):
        import_model(folder)


def test_nothing_is_overwritten(folder: Path, tmp_path: Path) -> None:
    """Neither a folder with something in it nor a file."""
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InputError, match="is not empty"):
        export_model(stored(), folder)
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="cannot be written into"):
        export_model(stored(), tmp_path / "file")
