"""A server that cannot be had skips a test, or fails it where nothing may be skipped."""

import pytest

from tests.services.opensearch import node
from tests.services.requirement import REQUIRED, missing


def test_a_missing_server_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason."""
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt install"):
        missing("apt install it")


def test_a_required_server_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """In continuous integration a skipped test would pass for a good one."""
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="apt install"):
        missing("apt install it")


def test_a_missing_jdk_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which version, and where it is looked for."""
    monkeypatch.setattr(node, "_java_major", lambda home: 8)
    for version, oldest in (("2.19.6", "11"), ("3.8.0", "21")):
        with pytest.raises(node.NodeMissing, match=f"{version} needs a JDK of version {oldest}"):
            node.java_home(version)
