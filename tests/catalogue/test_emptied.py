"""What one test left in a database of PostgreSQL, another one does not meet."""

import psycopg
import pytest
import sqlalchemy as sa

from tests.services.postgres import connect, empty_database


def test_a_database_used_again_is_as_new(postgres_url: sa.URL) -> None:
    """Tables and settings are gone, and so is whoever holds a lock on them."""
    with connect(postgres_url) as left:
        left.execute("CREATE TABLE left_over (number integer)")
        left.execute(f"ALTER DATABASE {postgres_url.database} SET synchronous_commit = off")
        left.execute("BEGIN")
        left.execute("LOCK TABLE left_over")

        empty_database(postgres_url)

        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")
    with connect(postgres_url) as next_one:
        tables = next_one.execute("SELECT * FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchall() == []
        assert next_one.execute("SHOW synchronous_commit").fetchone() == ("on",)
