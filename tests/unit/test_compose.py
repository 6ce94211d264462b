"""docker-compose.yml beside the code: no container engine is needed to see that they disagree."""

import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from packaging.version import Version
from typer.main import get_group

from api.app import app
from api.engines import check_engines
from tandem import settings
from tandem.catalog.urls import database_url
from tandem.engines.opensearch_client import parse_url
from tandem.engines.qdrant_connection import read_address
from tandem.settings import Settings
from tests.containers import (
    MADE_HERE,
    ROOT,
    Required,
    all_of,
    compose,
    environment_of_image,
    is_one_off,
    megabytes,
    resolved,
    services,
    stages,
    variables_of,
)
from tests.services.opensearch.node import DEFAULT_VERSION

SERVICES = services()
TANDEM = {name: service for name, service in SERVICES.items() if service.get("build") == MADE_HERE}
SECRETS = {"POSTGRES_PASSWORD": "0a" * 24, "QDRANT_API_KEY": "1b" * 24, "API_KEY": "2c" * 24}
SCHEMES = {
    "TANDEM_ENGINES__LEXICAL": ("opensearch+http", "opensearch", 9200),
    "TANDEM_ENGINES__VECTOR": ("qdrant+http", "qdrant", 6333),
    "TANDEM_ENGINES__CATALOG": ("postgresql+psycopg", "postgres", 5432),
}
"""What each setting is to reach: the scheme, the service, and the port on which it listens."""


def own_settings(service: dict[str, Any]) -> dict[str, str]:
    """The TANDEM_ variables of a service as its container sees them."""
    return {name: resolved(value, SECRETS) for name, value in service["environment"].items()}


def tag(service: dict[str, Any]) -> str:
    """The version of the service's image."""
    return str(service["image"]).rpartition(":")[2]


def locked(package: str) -> Version:
    """The version in which the image gets a package."""
    lock = (ROOT / "requirements" / "runtime.lock").read_text("utf-8")
    found = re.search(rf"^{re.escape(package)}==(\S+)", lock, re.MULTILINE)
    assert found, f"{package} is not locked"
    return Version(found[1])


def test_what_runs_is_what_was_meant() -> None:
    """Three servers, a follower, the API and the tools: one more would escape the tests below."""
    assert {*SERVICES} == {"opensearch", "qdrant", "postgres", "follower", "api", "tandem"}
    assert {*TANDEM} == {"follower", "api", "tandem"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_limited_restarted_and_watched(name: str) -> None:
    """A container that stays is started again, asked how it is, and may not take the machine."""
    service = SERVICES[name]
    assert megabytes(service["mem_limit"]) >= 256
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"max-size", "max-file"} <= {*service["logging"]["options"]}
    if is_one_off(service):
        assert service["restart"] == "no"
        assert service["healthcheck"] == {"disable": True}
        return
    assert service["restart"] == "unless-stopped"
    if name == "follower":  # what it reaches is what counts, and the image asks that
        assert "healthcheck" not in service
        assert all_of(stages()[-1], "HEALTHCHECK")
        return
    check = service["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= {*check}


@pytest.mark.parametrize("name", TANDEM)
def test_tandem_waits_until_its_servers_are_healthy(name: str) -> None:
    """It starts after them, on a network that it shares with them."""
    service = TANDEM[name]
    waits_for = {
        other: condition["condition"] for other, condition in service["depends_on"].items()
    }
    assert waits_for == dict.fromkeys(("opensearch", "qdrant", "postgres"), "service_healthy")
    assert all({*SERVICES[other]["networks"]} & {*service["networks"]} for other in waits_for)


def test_nothing_is_published_beyond_this_machine() -> None:
    """Every published port is one of the loopback's; the server without a password has none."""
    published = [
        resolved(port, {}) for service in SERVICES.values() for port in service.get("ports", ())
    ]
    assert published == ["127.0.0.1:6333:6333", "127.0.0.1:5432:5432", "127.0.0.1:8765:8765"]
    assert all("network_mode" not in service for service in SERVICES.values())


def test_the_server_without_a_password_is_on_an_inner_network() -> None:
    """OpenSearch's security plugin is off, so its network must lead nowhere."""
    opensearch = SERVICES["opensearch"]
    assert opensearch["environment"]["DISABLE_SECURITY_PLUGIN"] == "true"
    assert opensearch["networks"] == ["engines"]
    assert compose()["networks"]["engines"] == {"internal": True}


def test_no_secret_has_a_default() -> None:
    """Without its secrets Docker starts nothing, and none of them stands in the file."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert {name for name, must in variables_of(text) if must} == {*SECRETS}
    for name in SECRETS:
        with pytest.raises(Required):
            resolved(text, {key: value for key, value in SECRETS.items() if key != name})
    held = [
        value
        for service in SERVICES.values()
        for name, value in service["environment"].items()
        if re.search("PASSWORD|KEY|SECRET|TOKEN", name)
    ]
    assert len(held) == 3
    assert all(re.fullmatch(r"\$\{\w+:\?[^}]+\}", value) for value in held)


def test_the_example_of_an_env_file_names_every_variable() -> None:
    """Secrets are empty there, and what has a default is shown with it, behind a #."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    example = (ROOT / ".env.example").read_text("utf-8")
    shown = dict(re.findall(r"^(#?[A-Z_]+)=(.*)$", example, re.MULTILINE))
    assert {name for name, must in variables_of(text) if must} == {
        name for name, value in shown.items() if not value
    }
    assert {f"#{name}" for name, must in variables_of(text) if not must} == {
        name for name in shown if name.startswith("#")
    }
    for name, value in shown.items():
        assert name in SECRETS or f"${{{name[1:]}:-{value}}}" in text


def test_images_are_pinned() -> None:
    """Every image has a full version, and Tandem's own is this one's."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for name, service in SERVICES.items():
        assert re.match(r"v?\d+\.\d+(\.\d+)?(-[a-z]+)?$", tag(service)), name
    assert {service["image"] for service in TANDEM.values()} == {
        f"tandem-search:{project['version']}"
    }


def test_opensearch_is_the_version_that_the_tests_start() -> None:
    """What the contract says of OpenSearch was seen on this one."""
    assert Version(tag(SERVICES["opensearch"])).release[:2] == Version(DEFAULT_VERSION).release[:2]


def test_every_command_is_a_verb() -> None:
    """What the services run, and what the operator's page shows, exists."""
    page = (ROOT / "docs" / "howto" / "run-with-servers.md").read_text("utf-8")
    shown = {*re.findall(r"compose run --rm (?:-[ve] \S+ )*tandem (\w+)", page)}
    assert {"index", "search", "status", "backup", "restore"} <= shown
    run = {service["command"][0] for service in TANDEM.values() if "command" in service}
    assert run == {"follow", "serve"}
    assert shown | run <= {*get_group(app).commands}


def test_the_api_can_be_reached_at_its_port() -> None:
    """It listens beyond its container, on the settings' port; that one is published, and asked for
    its health without a search.
    """
    api, port = SERVICES["api"], Settings().server.port
    assert api["command"] == ["serve", "--host", "0.0.0.0"]
    (published,) = api["ports"]
    assert resolved(published, {}) == f"127.0.0.1:{port}:{port}"
    assert f"'http://127.0.0.1:{port}/health/live'" in api["healthcheck"]["test"][-1]
    assert "default" in api["networks"], "nothing is published from an inner network"


def test_qdrant_fits_the_locked_client() -> None:
    """The client warns when the minor versions are more than one apart."""
    server, client = Version(tag(SERVICES["qdrant"])), locked("qdrant-client")
    assert server.major == client.major
    assert abs(server.minor - client.minor) <= 1


def test_opensearch_leaves_half_of_its_memory_to_the_file_cache() -> None:
    """The heap is fixed, and at most half of the container's memory."""
    opensearch = SERVICES["opensearch"]
    options = opensearch["environment"]["OPENSEARCH_JAVA_OPTS"]
    smallest, largest = re.fullmatch(r"-Xms(\w+) -Xmx(\w+)", options).groups()  # type: ignore[union-attr]
    assert smallest == largest
    assert 2 * megabytes(largest) <= megabytes(opensearch["mem_limit"])
    assert opensearch["ulimits"]["memlock"] == {"soft": -1, "hard": -1}


def test_volumes_are_declared_and_used() -> None:
    """What must outlive a container is on a named volume; the content is only read."""
    named: set[str] = set()
    bound: set[str] = set()
    for service in SERVICES.values():
        for volume in service["volumes"]:
            source = resolved(volume, {}).partition(":")[0]
            (bound if source.startswith((".", "/")) else named).add(resolved(volume, {}))
    assert {volume.partition(":")[0] for volume in named} == {*compose()["volumes"]}
    assert bound == {"./content:/content:ro"}


@pytest.mark.parametrize("name", TANDEM)
def test_every_variable_is_a_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings' own reader takes them, and its folders are on volumes."""
    chosen = own_settings(TANDEM[name])
    assert {*chosen} <= {row["variable"] for row in settings.describe()}
    for variable, value in chosen.items():
        monkeypatch.setenv(variable, value)
    read = settings.load()
    assert read.engines.lexical == chosen["TANDEM_ENGINES__LEXICAL"]
    check_engines(read)
    mounted = {Path(volume.split(":")[1]) for volume in TANDEM[name]["volumes"]}
    for folder in (read.data_dir, read.cache_dir):
        assert mounted & {folder, *folder.parents}


@pytest.mark.parametrize("variable", SCHEMES)
def test_urls_lead_to_the_services(variable: str) -> None:
    """Scheme, service and port are right, and the secret is that of the service."""
    scheme, host, port = SCHEMES[variable]
    for service in TANDEM.values():
        url = urlsplit(own_settings(service)[variable])
        assert (url.scheme, url.hostname, url.port) == (scheme, host, port)
        secrets: list[str | None] = [
            resolved(value, SECRETS)
            for name, value in SERVICES[host]["environment"].items()
            if name.endswith(("PASSWORD", "API_KEY"))
        ]
        assert [url.password] == (secrets or [None])


def test_the_engines_read_the_urls() -> None:
    """Each engine's own reader finds server and secret."""
    chosen = own_settings(TANDEM["follower"])
    opensearch = parse_url(chosen["TANDEM_ENGINES__LEXICAL"])
    assert (opensearch.shown, opensearch.user) == ("http://opensearch:9200", None)
    qdrant = read_address(chosen["TANDEM_ENGINES__VECTOR"])
    assert (qdrant.url, qdrant.key) == ("http://qdrant:6333", SECRETS["QDRANT_API_KEY"])
    catalogue = database_url(chosen["TANDEM_ENGINES__CATALOG"])
    assert (catalogue.host, catalogue.password) == ("postgres", SECRETS["POSTGRES_PASSWORD"])


def test_the_catalogue_is_the_database_that_is_made() -> None:
    """User and database in the URL are those of the image's first start."""
    made = SERVICES["postgres"]["environment"]
    url = urlsplit(own_settings(TANDEM["follower"])["TANDEM_ENGINES__CATALOG"])
    assert (url.username, url.path) == (made["POSTGRES_USER"], f"/{made['POSTGRES_DB']}")


def test_image_and_compose_agree_on_the_folders() -> None:
    """A container of the image alone keeps its data where the volumes would be."""
    image = environment_of_image()
    for name in ("TANDEM_DATA_DIR", "TANDEM_CACHE_DIR"):
        assert image[name] == TANDEM["follower"]["environment"][name]


def test_git_and_docker_never_see_the_secrets() -> None:
    """.env is ignored by git, and no image can hold it."""
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert {"/.env", "/.env.part"} <= {*ignored}
    allowed = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert "*" in allowed
    assert not [line for line in allowed if line.startswith("!") and "env" in line]
