"""What an installation asks for, machine by machine."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize(
    ("platform", "machine", "wanted"),
    [
        ("linux", "x86_64", True),
        ("linux", "aarch64", True),
        ("win32", "AMD64", True),
        ("darwin", "arm64", True),
        ("darwin", "x86_64", False),
        ("linux", "riscv64", False),
    ],
)
def test_openvino_is_asked_for_where_it_has_wheels(
    platform: str, machine: str, wanted: bool
) -> None:
    """Elsewhere, as on a Mac with an Intel processor, the installation would fail."""
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    asked = [Requirement(text) for text in project["dependencies"]]
    marker = next(item.marker for item in asked if item.name == "openvino")
    assert marker is not None
    assert marker.evaluate({"sys_platform": platform, "platform_machine": machine}) == wanted
