"""When each index was last compared with the log, and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy as sa

from tandem.catalog.database import reading
from tandem.catalog.moments import moment
from tandem.catalog.order import in_order
from tandem.catalog.tables import VERIFICATIONS
from tandem.fields import to_microseconds


@dataclass(frozen=True, slots=True)
class Verification:
    """What one comparison found: kind of drift -> documents, and how many were repaired."""

    index_name: str
    at: datetime
    findings: Mapping[str, int]
    repaired: int


class Verifications:
    """The last verification of each index."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def record(
        self, index_name: str, at: datetime, findings: Mapping[str, int], repaired: int
    ) -> None:
        """Replace the last one. ``at`` is aware."""
        values = {
            "index_name": index_name,
            "verified_at": to_microseconds(at),
            "findings": orjson.dumps(dict(findings), option=orjson.OPT_SORT_KEYS).decode(),
            "repaired": repaired,
        }
        same = VERIFICATIONS.c.index_name == index_name
        with in_order(self._engine) as (connection, _):
            connection.execute(VERIFICATIONS.delete().where(same))
            connection.execute(VERIFICATIONS.insert().values(values))

    def last(self, index_name: str) -> Verification | None:
        """The last verification, if there was one."""
        query = sa.select(VERIFICATIONS).where(VERIFICATIONS.c.index_name == index_name)
        with reading(self._engine) as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return Verification(
            row.index_name, moment(row.verified_at), orjson.loads(row.findings), row.repaired
        )
