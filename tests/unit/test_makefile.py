"""`make up`, `make down` and .ci/services, with stand-ins for the tools that they call."""

import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from dotenv import dotenv_values

from tests.containers import ROOT

DOCKER = """#!/bin/sh
echo "$*" >> "{calls}"
[ "$*" != "compose version" ] || exit {has_compose}
"""
APT_GET = """#!/bin/sh
echo "$*" >> "{calls}"
[ "$(grep -c . "{calls}")" -gt {failures} ] || exit 100
[ "$1" = install ] || exit 0
for program in {installs}; do
    mkdir -p "${{program%/*}}"
    printf '#!/bin/sh\\n' > "$program"
    chmod +x "$program"
done
"""
HIDDEN = {
    "postgresql": "usr/lib/postgresql/17/bin/initdb",
    "openjdk-17-jdk-headless": "usr/lib/jvm/java-17-openjdk-arm64/bin/javac",
}
"""What Debian's packages bring that is on no PATH."""
EVERYTHING = "postgresql openjdk-17-jdk-headless maven chromium wrk"
PROGRAMS = ("mvn", "chromium", "wrk")
"""What the others bring, on the PATH."""


@dataclass(frozen=True)
class Bench:
    """A folder to work in, and a PATH on which only chosen programs are."""

    work: Path
    programs: Path
    calls: Path

    def program(self, name: str, script: str) -> None:
        """Put a stand-in on the PATH."""
        file = self.programs / name
        file.write_text(script, "utf-8")
        file.chmod(0o755)

    def apt_get(self, *installs: str, failures: int = 0) -> None:
        """A package manager that fails at first, and whose packages bring these files."""
        script = APT_GET.format(calls=self.calls, failures=failures, installs=" ".join(installs))
        self.program("apt-get", script)
        self.program("sleep", "#!/bin/sh\n")

    def docker(self, *, has_compose: bool = True) -> None:
        """A Docker that writes down what it is told."""
        self.program("docker", DOCKER.format(calls=self.calls, has_compose=int(not has_compose)))

    def run(self, *command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """Run a command on that PATH."""
        return subprocess.run(
            command,
            cwd=self.work,
            env={"PATH": str(self.programs), **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def called(self) -> list[str]:
        """What the stand-in was told so far."""
        return self.calls.read_text("utf-8").splitlines() if self.calls.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A copy of the Makefile on a PATH without Docker."""
    made = Bench(tmp_path / "work", tmp_path / "programs", tmp_path / "calls")
    made.work.mkdir()
    made.programs.mkdir()
    for name in ("Makefile", ".env.example"):
        shutil.copy(ROOT / name, made.work)
    for name in ("sh", "bash", "make", "head", "od", "tr", "mv", "grep", "chmod", "mkdir", "true"):
        found = shutil.which(name)
        assert found, f"{name} is missing"
        (made.programs / name).symlink_to(found)
    return made


def secrets(bench: Bench) -> dict[str, str | None]:
    """What a program that reads .env files finds there."""
    return dict(dotenv_values(bench.work / ".env"))


def test_the_first_start_makes_secrets_and_waits_for_health(bench: Bench) -> None:
    """.env is for its owner alone, and every secret in it is long, random and fit for a URL."""
    bench.docker()
    done = bench.run("make", "up")
    assert done.returncode == 0, done.stderr
    assert bench.called()[-1] == "compose up --build --detach --wait"
    assert "docker compose run --rm tandem index" in done.stdout
    assert (bench.work / "content").is_dir()
    assert stat.S_IMODE((bench.work / ".env").stat().st_mode) == 0o600
    made = secrets(bench)
    assert {*made} == {"POSTGRES_PASSWORD", "QDRANT_API_KEY", "API_KEY"}
    assert all(re.fullmatch("[0-9a-f]{48}", value or "") for value in made.values())
    assert len({*made.values()}) == 3
    assert not (bench.work / ".env.part").exists()
    assert not [value for value in made.values() if value and value in done.stdout + done.stderr]


def test_a_second_start_changes_no_secret(bench: Bench) -> None:
    """Not even when the example is newer: the volumes were made with these passwords."""
    bench.docker()
    bench.run("make", "up")
    before = (bench.work / ".env").read_bytes()
    os.utime(bench.work / ".env", (1, 1))
    assert bench.run("make", "up").returncode == 0
    assert (bench.work / ".env").read_bytes() == before


def test_an_own_env_file_is_left_alone(bench: Bench) -> None:
    """Whatever the operator wrote there is what Docker reads."""
    bench.docker()
    (bench.work / ".env").write_text("POSTGRES_PASSWORD=mine\n", "utf-8")
    assert bench.run("make", "up").returncode == 0
    assert secrets(bench) == {"POSTGRES_PASSWORD": "mine"}


def test_two_installations_share_no_secret(bench: Bench) -> None:
    """They are random, not derived from anything here."""
    bench.docker()
    bench.run("make", "up")
    first = secrets(bench)
    (bench.work / ".env").unlink()
    bench.run("make", "up")
    assert not {*first.values()} & {*secrets(bench).values()}


@pytest.mark.parametrize("target", ["up", "down"])
def test_without_docker_a_line_says_so(bench: Bench, target: str) -> None:
    """Nothing is made before that."""
    done = bench.run("make", target)
    assert done.returncode == 2
    assert "error: there is no docker on the PATH; install" in done.stdout
    assert not (bench.work / ".env").exists()


@pytest.mark.parametrize("target", ["up", "down"])
def test_without_the_compose_plugin_a_line_says_so(bench: Bench, target: str) -> None:
    """Docker alone answers `docker compose` with a riddle."""
    bench.docker(has_compose=False)
    done = bench.run("make", target)
    assert done.returncode == 2
    assert "error: docker has no compose plugin" in done.stdout
    assert bench.called() == ["compose version"]
    assert not (bench.work / ".env").exists()


def test_stopping_keeps_the_volumes(bench: Bench) -> None:
    """`docker compose down` has an option that deletes everything; it is not given."""
    bench.docker()
    assert bench.run("make", "down").returncode == 0
    assert bench.called() == ["compose version", "compose down"]


def servers(bench: Bench, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run .ci/services as if this machine were another one."""
    script = str(ROOT / ".ci" / "services")
    return bench.run("bash", script, *options, SERVICES_ROOT=str(bench.work))


def hidden(bench: Bench, package: str) -> Path:
    """Where a package's file would be."""
    return bench.work / HIDDEN[package]


def test_a_machine_with_everything_installs_nothing(bench: Bench) -> None:
    """Programs are found where Debian hides them."""
    bench.apt_get()
    for program in PROGRAMS:
        bench.program(program, "#!/bin/sh\n")
    for package in HIDDEN:
        hidden(bench, package).parent.mkdir(parents=True)
        hidden(bench, package).touch()
    done = servers(bench, "--install")
    assert done.returncode == 0, done.stderr
    assert all(f"{package}: {hidden(bench, package)}" in done.stderr for package in HIDDEN)
    assert bench.called() == []


def test_what_is_missing_is_said_and_not_installed(bench: Bench) -> None:
    """Looking changes nothing, and another Java does not count."""
    bench.apt_get()
    bench.program("mvn", "#!/bin/sh\n")
    newer = bench.work / "usr/lib/jvm/java-21-openjdk-amd64/bin/javac"
    newer.parent.mkdir(parents=True)
    newer.touch()
    done = servers(bench)
    assert done.returncode == 1
    assert "maven: missing" not in done.stderr
    assert "next: apt install postgresql openjdk-17-jdk-headless chromium wrk\n" in done.stderr
    assert bench.called() == []


def test_what_is_missing_is_installed_and_failures_are_tried_again(bench: Bench) -> None:
    """The package server fails twice; the third time it does not."""
    files = [
        *(str(hidden(bench, package)) for package in HIDDEN),
        *(str(bench.programs / program) for program in PROGRAMS),
    ]
    bench.apt_get(*files, failures=2)
    done = servers(bench, "--install")
    assert done.returncode == 0, done.stderr
    assert bench.called() == [
        *["update"] * 3,
        f"install --yes --no-install-recommends {EVERYTHING}",
    ]
    assert servers(bench, "--install").returncode == 0
    assert len(bench.called()) == 4


def test_a_package_server_that_never_answers_is_an_error(bench: Bench) -> None:
    """Three tries, and nothing is taken for installed."""
    bench.apt_get(failures=100)
    assert servers(bench, "--install").returncode != 0
    assert bench.called() == ["update"] * 3


def test_a_package_without_its_program_is_an_error(bench: Bench) -> None:
    """An installation that helps nothing is not passed over."""
    bench.apt_get(str(bench.programs / "mvn"))
    done = servers(bench, "--install")
    assert done.returncode == 1
    assert "error: installed, and still missing: postgresql openjdk-17" in done.stderr


def test_the_checks_before_a_change_lands_end_with_the_tests() -> None:
    """Real servers are demanded there, and the last command is the README's."""
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert lines[-1] == "within 2200 make test"
    required = lines.index("export TANDEM_REQUIRE_SERVICES=1")
    assert lines.index(".ci/services --install") < required < len(lines) - 1
    assert "    make test " in (ROOT / "README.md").read_text("utf-8")


def test_every_long_form_reaches_the_tests_that_it_makes_longer() -> None:
    """No test is deselected, and every variable is read by what is run, or by the services."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r'^LONG_FORM := .* -m ""$', makefile, re.MULTILINE)
    lines = re.findall(r"^\t(TANDEM_TEST_.*) \$\(LONG_FORM\) (\S+)$", makefile, re.MULTILINE)
    assert len(lines) == makefile.count("$(LONG_FORM)")
    services = "".join(file.read_text("utf-8") for file in ROOT.glob("tests/services/**/*.py"))
    for given, pattern in lines:
        code = services + "".join(file.read_text("utf-8") for file in ROOT.glob(pattern))
        for variable in re.findall(r"(\w+)=", given):
            assert f'"{variable}"' in code, (variable, pattern)
