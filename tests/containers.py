"""docker-compose.yml, Dockerfile and .env.example as data: what Docker would make of them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
MADE_HERE = "."
"""What a service is built from, if it is not somebody else's image."""

_VARIABLE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\})")


@dataclass(frozen=True)
class Required(Exception):
    """Docker refuses to go on: a variable without a default is not set."""

    name: str


def compose() -> dict[str, Any]:
    """The whole file, anchors resolved and variables not."""
    content: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return content


def services() -> dict[str, dict[str, Any]]:
    """Every service by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def is_one_off(service: Mapping[str, Any]) -> bool:
    """Whether the service is started for one command only."""
    return "profiles" in service


def resolved(text: str, variables: Mapping[str, str]) -> str:
    """The text with its variables and their defaults put in.

    Raises:
        Required: a variable that must be set is not.
    """

    def value(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        given = variables.get(match["name"], "")
        if not given and match["kind"] == "?":
            raise Required(match["name"])
        return given or match["rest"] or ""

    return _VARIABLE.sub(value, text)


def variables_of(text: str) -> set[tuple[str, bool]]:
    """Each variable that a text asks for, and whether it must be set."""
    return {
        (match["name"], match["kind"] == "?") for match in _VARIABLE.finditer(text) if match["name"]
    }


def megabytes(size: str) -> int:
    """A size as Docker and Java write it (``512m``, ``2g``), in MiB."""
    factor = {"m": 1, "g": 1024}[size[-1].lower()]
    return int(size[:-1]) * factor


@dataclass(frozen=True)
class Instruction:
    """One instruction of the Dockerfile, its continued lines joined."""

    word: str
    text: str

    @property
    def words(self) -> list[str]:
        """The text as a list, if it is written as JSON; else split at blanks."""
        if self.text.startswith("["):
            return [str(word) for word in json.loads(self.text)]
        return self.text.split()


def stages() -> list[list[Instruction]]:
    """The Dockerfile's stages, each beginning with its FROM."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found: list[list[Instruction]] = []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append(Instruction(word, " ".join(rest.split())))
    return found


def all_of(stage: list[Instruction], word: str) -> list[Instruction]:
    """The instructions of that kind, in order."""
    return [instruction for instruction in stage if instruction.word == word]


def environment_of_image() -> dict[str, str]:
    """What ENV of the last stage sets."""
    settings = (word for line in all_of(stages()[-1], "ENV") for word in line.words)
    return dict(word.split("=", 1) for word in settings)
