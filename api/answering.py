"""One process that answers over HTTP, until it is told to end: then what runs is finished."""

import logging
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing

from api.arenas import giving_memory_back
from api.bootstrap import House, open_house
from api.console import note
from api.keyring import Keyring, refuse_strangers
from api.listening import bound_to, listening
from api.local_key import make_local_key
from api.metrics import Metrics
from api.owner import Owner
from api.refusals import hosts_of, origins_of
from api.serving import Serving
from api.until_stopped import following, stopped_by_signal, until_set
from api.web import Operation, create_web
from tandem.server_section import ServerSettings
from tandem.settings import Settings
from tandem.telemetry import configure_access_log

Tell = Callable[[str], None]
"""Is told the address."""

People = Sequence[Mapping[str, str]]
"""Whom the reader of the page may choose to be."""


def answer(
    chosen: Settings,
    purpose: str,
    tell: Tell,
    people: People = (),
    bound: socket.socket | None = None,
) -> None:
    """Serve the collection of the settings until a signal, where they say or at a socket that is
    bound already, which makes it one of several workers. A second signal ends it at once, if it is
    none.

    When it is to end it is no longer ready, and after the time of the settings takes no new
    request; what runs is finished, what was shown is written, and the followers stop.
    """
    place, metrics = chosen.server, Metrics()
    with giving_memory_back(), ExitStack() as opened:
        house = opened.enter_context(open_house(chosen, purpose, follows=True, notify=note))
        refuse_strangers(house.catalog.keys, place)
        house.meter = metrics
        owner = None if house.ownership is None else Owner(house)
        # a worker may get the first one twice, from its parent and from who ends them all: systemd
        # does; whether a second one has come is its parent's to say
        is_alone = bound is None
        stop = opened.enter_context(stopped_by_signal(owner, ends_at_second=is_alone))
        opened.enter_context(following(owner))
        keyring = opened.enter_context(closing(_keyring(house, chosen)))
        serving = opened.enter_context(closing(Serving(house)))
        web = create_web(
            serving,
            people,
            hosts_of(place.host, place.hosts),
            keyring.recognise,
            origins_of(place.cors_origins),
            Operation(metrics, _access_log(place), place.waiting),
        )
        at = bound or bound_to(place.host, place.port)
        address = opened.enter_context(listening(web, at, stop))
        opened.callback(serving.stopping.set)  # whatever ends the block, first of all
        if house.ownership is not None:
            # a search from another shell asks there
            house.ownership.tell(address, chosen.collection)
        tell(address)
        until_set(stop)
        serving.stopping.set()
        time.sleep(place.drain_seconds)


def _keyring(house: House, chosen: Settings) -> Keyring:
    own = [] if house.ownership is None else [make_local_key(chosen.data_dir)]
    return Keyring(house.catalog.keys, chosen.server, own)


def _access_log(place: ServerSettings) -> logging.Logger | None:
    return configure_access_log() if place.access_log == "json" else None
