"""A real OpenSearch node as a child process, from Maven Central's jars: no container, no root.

The jars are fetched once into ``~/.cache/tandem/services/opensearch-VERSION``. The node listens on
free loopback ports and keeps its data in a temporary folder; it ends when its parent does.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import TracebackType

import orjson
import urllib3

HERE = Path(__file__).parent
CACHE = Path.home() / ".cache" / "tandem" / "services"
COPY_JARS = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
VERSION = "TANDEM_TEST_OPENSEARCH_VERSION"
DEFAULT_VERSION = "2.19.6"
START_SECONDS = 240.0
"""Ten suffice on an idle machine; a busy one took 99."""

STOP_SECONDS = 20.0
HEAP = "512m"


class NodeMissing(Exception):
    """Something that a node needs is not installed; the message says what."""


def wanted_version() -> str:
    """The version that the environment asks for."""
    return os.environ.get(VERSION) or DEFAULT_VERSION


def java_home(version: str) -> Path:
    """A JDK that runs that version: 17 for 2.x, 21 or newer for 3.x.

    Raises:
        NodeMissing: there is none.
    """
    oldest, newest = (11, 17) if version.startswith("2.") else (21, 99)
    named = [Path(os.environ["JAVA_HOME"])] if os.environ.get("JAVA_HOME") else []
    folder = Path("/usr/lib/jvm")
    found = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    for candidate in (*named, *found):
        if (candidate / "bin" / "javac").exists() and oldest <= _java_major(candidate) <= newest:
            return candidate
    raise NodeMissing(
        f"OpenSearch {version} needs a JDK of version {oldest} to {newest} under {folder} or in "
        "JAVA_HOME; on Debian: apt install openjdk-17-jdk-headless (Temurin 21 or newer for 3.x)"
    )


def _java_major(home: Path) -> int:
    """The major version that the JDK's ``release`` file states; 0 if it states none."""
    try:
        lines = (home / "release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    stated = [line.split('"')[1] for line in lines if line.startswith("JAVA_VERSION=")]
    return int(stated[0].split(".")[0]) if stated else 0


def node_class_path(version: str) -> list[Path]:
    """Folders with the compiled launcher and the jars; the jars are downloaded once.

    Raises:
        NodeMissing: no Maven, no JDK, or no network for the first download.
    """
    java = java_home(version)
    home = CACHE / f"opensearch-{version}"
    jars = home / "jars"
    if not jars.is_dir():
        _download(version, jars, java)
    source = HERE / "TestNode.java"
    classes = home / f"classes-{blake2b(source.read_bytes(), digest_size=6).hexdigest()}"
    if not classes.is_dir():
        with tempfile.TemporaryDirectory(dir=home) as building:
            compiled = Path(building) / "classes"
            javac = [str(java / "bin" / "javac"), "-nowarn", "-cp", f"{jars}/*"]
            told = [*javac, "-d", str(compiled), str(source)]
            subprocess.run(told, check=True, capture_output=True)
            _move(compiled, classes)
    return [classes, jars / "*"]


def _download(version: str, jars: Path, java: Path) -> None:
    if shutil.which("mvn") is None:
        raise NodeMissing("OpenSearch's jars are fetched with mvn; on Debian: apt install maven")
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=jars.parent) as building:
        target = Path(building) / "jars"
        options = [f"-Dopensearch.version={version}", f"-DoutputDirectory={target}"]
        told = subprocess.run(
            ["mvn", "-B", "-q", "-f", HERE / "pom.xml", *options, COPY_JARS],
            env={**os.environ, "JAVA_HOME": str(java)},
            cwd=building,
            capture_output=True,
            text=True,
            check=False,
        )
        if told.returncode != 0:
            raise NodeMissing(f"mvn could not fetch OpenSearch {version}: {told.stdout[-1000:]}")
        _move(target, jars)


def _move(made: Path, place: Path) -> None:
    """Give a finished folder its name, unless another process was faster."""
    try:
        made.rename(place)
    except OSError:
        if not place.is_dir():
            raise


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OpenSearchNode:
    """One node. ``start`` after ``stop`` or ``kill`` comes up on the same ports and data."""

    def __init__(self, version: str = DEFAULT_VERSION) -> None:
        self.version = version
        self.home = Path(tempfile.mkdtemp(prefix="tandem-opensearch-"))
        self.log = self.home / "node.log"
        self.port, self._transport_port = free_port(), free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "OpenSearchNode":
        """Start it and wait until it is ready to be written to.

        Raises:
            NodeMissing: it cannot be run on this machine.
            RuntimeError: it did not come up; the message ends with its log.
        """
        command = self._command()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, cwd=self.home
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                told = self.log.read_text(encoding="utf-8", errors="replace")[-3_000:]
                raise RuntimeError(f"OpenSearch {self.version} did not start:\n{told}")
            time.sleep(0.2)
        return self

    def stop(self) -> None:
        """Let it end in good order."""
        if self.process is None:
            return
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """``kill -9``."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            assert self.process.stdin is not None
            self.process.stdin.close()

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """SIGSTOP meanwhile: the kernel still accepts connections, nobody answers."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def remove(self) -> None:
        """End it at once, and remove its data."""
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> "OpenSearchNode":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.remove()

    def _command(self) -> list[str]:
        settings = {
            "cluster.name": f"tandem-{self.port}",
            "node.name": "test",
            "discovery.type": "single-node",
            "network.host": "127.0.0.1",
            "http.port": self.port,
            "transport.port": self._transport_port,
            "path.repo": self.home / "snapshots",
            # a nearly full disk must not turn a test's index read-only
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            # nor garbage that this collector has not looked at yet refuse its requests
            "indices.breaker.total.use_real_memory": "false",
        }
        # the better compiler would take longer than a run of tests ever wins back
        options = [f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        options += [f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}"]
        if not self.version.startswith("2."):
            options += ["--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"]
        class_path = ":".join(map(str, node_class_path(self.version)))
        return [
            str(java_home(self.version) / "bin" / "java"),
            *options,
            *("-cp", class_path, "TestNode", str(self.home)),
            *(f"{name}={value}" for name, value in settings.items()),
        ]

    def _is_ready(self) -> bool:
        try:
            answer = _pool().request("GET", f"{self.url}/_cluster/health", timeout=5.0)
            told = orjson.loads(answer.data)
        except (urllib3.exceptions.HTTPError, orjson.JSONDecodeError):
            return False
        return answer.status == 200 and told["status"] in {"green", "yellow"}


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False)
