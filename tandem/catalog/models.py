"""Reranking models: what each says of itself, and the files that it is made of."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from tandem.catalog.database import ROWS_PER_QUERY, reading
from tandem.catalog.moments import moment, now
from tandem.catalog.order import in_order, next_number
from tandem.catalog.tables import GENERATIONS, LIVE, MODEL_PARTS, MODELS, RELEASES
from tandem.errors import InputError, ModelError
from tandem.fields import to_microseconds

NEWEST_KEPT = 5
"""So many models of a collection stay, whatever their age."""

HINT = "see which there are: tandem models"


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model by its number. ``parts`` maps names to contents; empty where they were not read."""

    number: int
    collection: str
    created_at: datetime
    manifest: Mapping[str, Any]
    parts: Mapping[str, bytes] = field(default_factory=dict, repr=False)


class Models:
    """The models of all collections. No number is given twice."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, collection: str, manifest: Mapping[str, Any], parts: Mapping[str, bytes]) -> int:
        """Keep a model, all of it or nothing; its number.

        Raises:
            ModelError: it has no parts.
        """
        if not parts:
            raise ModelError("a model without parts cannot be kept", hint="train it again")
        with in_order(self._engine) as (connection, _):
            number = next_number(connection, MODELS.c.model)
            connection.execute(
                MODELS.insert().values(
                    model=number,
                    collection=collection,
                    created_at=now(),
                    manifest=orjson.dumps(dict(manifest), option=orjson.OPT_SORT_KEYS).decode(),
                )
            )
            connection.execute(
                MODEL_PARTS.insert(),
                [
                    {"model": number, "name": name, "sha256": digest(content), "content": content}
                    for name, content in parts.items()
                ],
            )
        return number

    def get(self, number: int, collection: str | None = None) -> StoredModel:
        """A model with its parts, of that collection if one is named.

        Raises:
            InputError: there is none, it is another collection's, or it was removed.
            ModelError: a part is not what was kept.
        """
        query = sa.select(MODEL_PARTS).where(MODEL_PARTS.c.model == number)
        with reading(self._engine) as connection:
            row = _found(connection, number, collection)
            parts = connection.execute(query.order_by(MODEL_PARTS.c.name)).all()
        if not parts:
            raise InputError(f"model {number} of {row.collection} was removed", hint=HINT)
        for part in parts:
            if digest(part.content) != part.sha256:
                raise ModelError(
                    f"{part.name} of model {number} of {row.collection} was altered: SHA-256 "
                    f"{digest(part.content)}, expected {part.sha256}",
                    hint="train again, or import it from an export: tandem models import FOLDER",
                )
        return _model(row, {part.name: bytes(part.content) for part in parts})

    def described(self, number: int, collection: str | None = None) -> StoredModel:
        """As ``get``, without the parts: also of a model that was removed.

        Raises:
            InputError: there is none, or it is another collection's.
        """
        with reading(self._engine) as connection:
            return _model(_found(connection, number, collection))

    def list(self, collection: str) -> list[StoredModel]:
        """The models of a collection that were not removed, newest first, without their parts."""
        query = (
            sa.select(MODELS)
            .where(MODELS.c.collection == collection, MODELS.c.model.in_(_whole()))
            .order_by(MODELS.c.model.desc())
        )
        with reading(self._engine) as connection:
            return [_model(row) for row in connection.execute(query)]

    def remove(self, number: int, collection: str) -> None:
        """Forget the parts of a model; that it was stays known.

        Raises:
            InputError: there is none, it is another collection's, or one can go back to a release
                that has it.
        """
        with in_order(self._engine) as (connection, _):
            _found(connection, number, collection)
            release = connection.execute(
                sa.select(sa.func.max(RELEASES.c.release))
                .join(GENERATIONS, GENERATIONS.c.generation == RELEASES.c.generation)
                .where(RELEASES.c.model == number, GENERATIONS.c.state != "dropped")
            ).scalar()
            if release is not None:
                raise InputError(
                    f"model {number} of {collection} is that of release {release}, which is kept",
                    hint="releases are kept as long as their generations: tandem releases",
                )
            connection.execute(MODEL_PARTS.delete().where(MODEL_PARTS.c.model == number))

    def purge(self, collection: str, before: datetime) -> int:
        """Forget the models that were made before then, and are of no release made since, nor of
        the live one or the one before it; how many. The newest few stay.
        """
        with in_order(self._engine) as (connection, _):
            newest = (
                sa.select(MODELS.c.model)
                .where(MODELS.c.collection == collection)
                .order_by(MODELS.c.model.desc())
                .limit(NEWEST_KEPT)
            )
            last = sa.select(sa.func.max(MODELS.c.model)).scalar_subquery()
            query = sa.select(MODELS.c.model).where(
                MODELS.c.collection == collection,
                MODELS.c.created_at < to_microseconds(before),
                MODELS.c.model < last,  # the next number follows from it
                MODELS.c.model.not_in([*connection.execute(newest).scalars()]),
                MODELS.c.model.not_in(_needed(before)),
            )
            old = [*connection.execute(query.limit(ROWS_PER_QUERY)).scalars()]
            connection.execute(MODEL_PARTS.delete().where(MODEL_PARTS.c.model.in_(old)))
            connection.execute(MODELS.delete().where(MODELS.c.model.in_(old)))
        return len(old)


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def check_model(connection: sa.Connection, number: int, collection: str) -> None:
    """That a release of the collection may have the model.

    Raises:
        InputError: there is none, it is another collection's, or it was removed.
    """
    _found(connection, number, collection)
    if connection.execute(_whole().where(MODEL_PARTS.c.model == number).limit(1)).first() is None:
        raise InputError(f"model {number} of {collection} was removed", hint=HINT)


def _whole() -> sa.Select[tuple[int]]:
    return sa.select(MODEL_PARTS.c.model)


def _needed(before: datetime) -> sa.Select[tuple[int]]:
    """The models of the live releases, of those before them, and of recent ones."""
    live = sa.select(LIVE.c.release)
    parents = sa.select(RELEASES.c.parent).where(
        RELEASES.c.release.in_(live), RELEASES.c.parent.is_not(None)
    )
    return sa.select(RELEASES.c.model).where(
        RELEASES.c.model.is_not(None),
        RELEASES.c.release.in_(live)
        | RELEASES.c.release.in_(parents)
        | (RELEASES.c.created_at >= to_microseconds(before)),
    )


def _found(
    connection: sa.Connection, number: int, collection: str | None
) -> sa.Row[*tuple[Any, ...]]:
    row = connection.execute(sa.select(MODELS).where(MODELS.c.model == number)).one_or_none()
    if row is None:
        raise InputError(f"there is no model {number}", hint=HINT)
    if collection not in {None, row.collection}:
        raise InputError(
            f"model {number} is one of {row.collection}, expected one of {collection}", hint=HINT
        )
    return row


def _model(row: sa.Row[*tuple[Any, ...]], parts: Mapping[str, bytes] | None = None) -> StoredModel:
    return StoredModel(
        row.model,
        row.collection,
        moment(row.created_at),
        orjson.loads(row.manifest),
        parts or {},
    )
