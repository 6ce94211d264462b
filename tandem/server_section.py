"""How ``tandem serve`` is set: a section of the settings."""

from typing import Literal

from pydantic import Field

from tandem.sections import Section


class ServerSettings(Section):
    """Where `tandem serve` listens."""

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="address on which `tandem serve` listens; `0.0.0.0` is every IPv4 one",
    )
    port: int = Field(
        8765, ge=0, le=65_535, description="port on which `tandem serve` listens; 0: a free one"
    )
    hosts: str = Field(
        "",
        description="names by which `tandem serve` may be asked besides `localhost` and the like, "
        "with commas, such as that of a proxy which passes its own on; none: any name, but only "
        "those of this machine where it listens on a loopback address",
    )
    key: str | None = Field(
        None,
        description="a key of whoever runs the server, for everything, beside those of `tandem "
        "keys`, and that by which `tandem eval run --url` asks one; at least 32 random characters. "
        "Best given as a variable",
    )
    requests_per_second: float = Field(
        0.0,
        ge=0,
        description="how many requests a second each key may ask of a process, all of them at once "
        "included; more are refused. 0: any number. A key may have a rate of its own",
    )
    cors_origins: str = Field(
        "",
        description="origins whose pages may ask from their readers' browsers, with commas, such "
        "as `https://shop.example`; none: this server's own alone",
    )
    workers: int = Field(
        1,
        ge=1,
        le=256,
        description="processes that answer; several need servers as engines, and each has threads, "
        "models and rates of its own",
    )
    access_log: Literal["off", "json"] = Field(
        "off",
        description="`json`: a line a request on standard output, without texts and people: "
        "what production wants; `off`: none",
    )
    waiting: int = Field(
        64,
        ge=0,
        le=10_000,
        description="requests that may wait for one of the 40 threads that answer; further ones "
        "are refused at once as `overloaded`",
    )
    drain_seconds: float = Field(
        0.0,
        ge=0,
        le=600,
        description="how long requests are still taken after SIGTERM, while `/health/ready` "
        "already says `stopping`: time for a load balancer to notice, seconds",
    )
