"""The URL of a Qdrant server, and that no error shows a key."""

from pathlib import Path

import pytest

from tandem.engines.qdrant_connection import Address, connect, read_address, without_secrets
from tandem.errors import SettingsError
from tests.unit.tandem.engines.qdrant_servers import answering

KEY = "s3cr3t-k3y"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("qdrant+http://host", Address("http://host:6333")),
        ("qdrant+http://host:6333", Address("http://host:6333")),
        ("qdrant+https://host:443", Address("https://host:443")),
        (f"qdrant+http://{KEY}@host", Address("http://host:6333", KEY)),
        (f"qdrant+http://:{KEY}@host", Address("http://host:6333", KEY)),
        (f"qdrant+https://user:{KEY}@host:1", Address("https://host:1", KEY)),
        ("qdrant+http://a%2Fb%40c@host", Address("http://host:6333", "a/b@c")),
        ("qdrant+http://host/behind/", Address("http://host:6333/behind")),
        ("qdrant+http://[::1]:7", Address("http://[::1]:7")),
        ("qdrant+http://host?grpc=6334", Address("http://host:6333", None, 6334)),
        (f"qdrant+http://{KEY}@host:9?grpc=8", Address("http://host:9", KEY, 8)),
    ],
)
def test_what_a_url_means(url: str, expected: Address) -> None:
    """Key, port, prefix and gRPC port, each in its place."""
    assert read_address(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        KEY + "@host",
        f"qdrant://user:{KEY}@host",
        f"http://user:{KEY}@host",
        f"qdrant+http:{KEY}@host",
        f"qdrant+http://{KEY}@",
        f"qdrant+http://{KEY}@:6333",
        f"qdrant+http://{KEY}@host:port",
        f"qdrant+http://{KEY}@host:0",
        f"qdrant+http://{KEY}@host:65536",
        f"qdrant+http://host:{KEY}",
        f"qdrant+http://{KEY}@[::1",
        f"qdrant+http://{KEY}/t41l@host",
        f"qdrant+http://{KEY}#t41l@host",
        f"qdrant+http://{KEY}?t41l@host",
        f"qdrant+http://host#{KEY}",
        f"qdrant+http://host?api_key={KEY}",
        f"qdrant+http://{KEY}@host?grpc=",
        f"qdrant+http://{KEY}@host?grpc=0",
        f"qdrant+http://{KEY}@host?grpc=65536",
        f"qdrant+http://{KEY}@host?grpc=-1",
        f"qdrant+http://{KEY}@host?grpc=x",
        f"qdrant+http://{KEY}%20%0A@host",
        f"qdrant+http://{KEY}%C3%A9@host",
        f"qdrant+http://{KEY}@host?api_key_file=/there",
        "qdrant+http://host?api_key_file=/not/there",
        "qdrant+http://host?api_key_file=",
    ],
)
def test_a_bad_url_is_told_without_the_key(url: str) -> None:
    """What was expected and what to do, and nothing that could be a key."""
    with pytest.raises(SettingsError) as raised:
        read_address(url)
    told = f"{raised.value} {raised.value.hint}"
    assert raised.value.hint
    assert KEY not in told
    assert "t41l" not in told


def test_a_key_from_a_file(tmp_path: Path) -> None:
    """Without the line's end; the address shows it in no representation."""
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    address = read_address(f"qdrant+http://host?api_key_file={file}")
    assert address == Address("http://host:6333", KEY)
    assert KEY not in repr(address)


def test_an_empty_key_file(tmp_path: Path) -> None:
    """No key is not a key."""
    file = tmp_path / "key"
    file.write_text(" \n")
    with pytest.raises(SettingsError, match="empty"):
        read_address(f"qdrant+http://host?api_key_file={file}")


def test_a_key_file_that_is_no_text(tmp_path: Path) -> None:
    """It is named, and what it holds is not shown."""
    file = tmp_path / "key"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="no text") as raised:
        read_address(f"qdrant+http://host?api_key_file={file}")
    assert str(file) in str(raised.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"qdrant+http://u:{KEY}@host:1", "qdrant+http://***@host:1"),
        (f"qdrant+http://u:{KEY}\n@host", "qdrant+http://***@host"),
        (f"http://{KEY}//{KEY}@host", "http://***@host"),
        ("http://host:6333/prefix", "http://host:6333/prefix"),
        (":memory:", ":memory:"),
    ],
)
def test_what_is_shown_of_a_url(url: str, shown: str) -> None:
    """Scheme and host, whatever stands before the last @."""
    assert without_secrets(url) == shown


def test_the_key_travels_as_a_header() -> None:
    """And connecting warns of nothing and sends nothing by itself."""
    with answering(200, {"title": "qdrant", "version": "1.19.0"}) as server:
        client = connect(server.url.replace("//", f"//user:{KEY}@"))
        assert server.requests == []
        assert client.info().version == "1.19.0"
        client.close()
    assert [request.key for request in server.requests] == [KEY]
