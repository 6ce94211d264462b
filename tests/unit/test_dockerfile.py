"""The Dockerfile beside pyproject.toml, the lock and the settings."""

import re
import signal
import tomllib
from typing import Any

from packaging.specifiers import SpecifierSet

from api.interrupts import Interrupts
from tandem import settings
from tests.containers import ROOT, all_of, environment_of_image, stages

BUILD, FINAL = stages()


def project() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def copied_from_here() -> set[str]:
    """What is copied out of the checkout, by name."""
    return {
        word.rstrip("/")
        for line in all_of(BUILD, "COPY")
        for word in line.words[:-1]
        if not word.startswith("--")
    }


def test_both_stages_stand_on_one_pinned_python() -> None:
    """The libraries are installed by the same Python that runs them, and the project allows it."""
    bases = {stage[0].words[0] for stage in (BUILD, FINAL)}
    assert len(bases) == 1
    version = re.fullmatch(r"python:(\d+\.\d+\.\d+)-slim-[a-z]+", bases.pop())
    assert version
    assert SpecifierSet(project()["project"]["requires-python"]).contains(version[1])


def test_every_package_is_copied() -> None:
    """A room that is added to the wheel is added to the image."""
    packages = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {*packages} <= copied_from_here()
    for line in all_of(BUILD, "COPY"):
        *sources, target = line.words
        if sources[0] in packages:
            assert sources == [target], "the wheel expects a package under its own name"


def test_docker_is_sent_what_is_copied_and_nothing_else() -> None:
    """.dockerignore refuses everything, then lets through what the Dockerfile names."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    assert {line[1:] for line in patterns if line.startswith("!")} == copied_from_here()
    assert all((ROOT / name).exists() for name in copied_from_here())


def test_the_libraries_are_the_locked_ones_as_wheels() -> None:
    """Nothing is compiled, and nothing is resolved anew."""
    runs = [line.text for line in all_of(BUILD, "RUN") if "install" in line.text]
    assert len(runs) == 2
    libraries, tandem = runs
    assert "--only-binary=:all: --requirement requirements/runtime.lock" in libraries
    assert tandem.endswith("install --no-deps .")


def test_the_final_stage_holds_no_tools() -> None:
    """It takes the finished environment, and one library of the system that its wheels need."""
    system, *others = all_of(FINAL, "RUN")
    assert re.findall(r"install --yes --no-install-recommends (.+?) *&&", system.text) == [
        "libgomp1"
    ]
    assert system.text.endswith("rm -rf /var/lib/apt/lists/*")
    assert all(
        not re.search(r"\b(apt-get|apt|pip|curl|wget|make|gcc)\b", line.text) for line in others
    )
    assert [line.text for line in all_of(FINAL, "COPY")] == ["--from=build /opt/tandem /opt/tandem"]
    assert not all_of(FINAL, "ADD")


def test_nobody_runs_as_root() -> None:
    """The last user is a number, not 0, that owns the folders in which Tandem writes."""
    (user,) = all_of(FINAL, "USER")
    number, group = user.text.split(":")
    assert int(number) > 0
    assert int(group) > 0
    assert user in FINAL[: FINAL.index(all_of(FINAL, "ENTRYPOINT")[0])]
    *_, making = (line.text for line in all_of(FINAL, "RUN"))
    assert f"groupadd --gid {group} tandem" in making
    assert f"useradd --uid {number} --gid tandem" in making
    assert "--home-dir /nonexistent --no-create-home" in making, "OpenVINO would keep a mark there"
    owned = re.search(r"install --directory --owner=tandem --group=tandem (.+)$", making)
    assert owned
    environment = environment_of_image()
    for name in ("TANDEM_DATA_DIR", "TANDEM_CACHE_DIR", "HF_HOME"):
        assert environment[name].startswith(tuple(owned[1].split())), name


def test_its_variables_are_settings() -> None:
    """The settings refuse a variable that they do not know, so the image would never start."""
    own = {name for name in environment_of_image() if name.startswith("TANDEM_")}
    assert own <= {row["variable"] for row in settings.describe()}


def test_the_port_is_that_of_the_settings() -> None:
    """Where `tandem serve` listens unless it is told otherwise."""
    (exposed,) = all_of(FINAL, "EXPOSE")
    (port,) = (row["default"] for row in settings.describe() if row["name"] == "server.port")
    assert exposed.text == port


def test_it_runs_tandem_and_stops_it_as_control_c_does() -> None:
    """The signal is the one that Tandem answers by finishing the batch in hand."""
    (entry,) = all_of(FINAL, "ENTRYPOINT")
    (command,) = entry.words
    assert command in project()["project"]["scripts"]
    assert environment_of_image()["PATH"].startswith("/opt/tandem/bin:")
    (stop,) = all_of(FINAL, "STOPSIGNAL")
    interrupts = Interrupts(["index"])
    # whoever starts the tests in the background has interrupts ignored
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    interrupts.listen()
    try:
        assert signal.getsignal(getattr(signal, stop.text)) not in {
            signal.default_int_handler,
            signal.SIG_DFL,
        }
    finally:
        signal.signal(signal.SIGINT, before)
