"""Opening a catalogue: made once, and refused where it is somebody else's or of another time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from tandem.catalog import postgres
from tandem.catalog.catalog import Catalog
from tandem.catalog.database import open_database, reading, writing
from tandem.catalog.event_tables import BEHAVIOUR, EVENT_FORMAT, EVENT_HEAD, FEATURES
from tandem.catalog.faults import DatabaseDamaged
from tandem.catalog.keys import Wanted
from tandem.catalog.opening import open_catalogue, open_log
from tandem.catalog.order import in_order
from tandem.catalog.tables import CATALOGUE, FORMAT, LOG
from tandem.catalog.urls import events_url
from tandem.errors import CatalogError
from tandem.events import Event, Impression
from tandem.schema import Schema
from tests.builders import document
from tests.catalogue.conftest import Open
from tests.services.postgres import create_database, drop_database


def earlier_version(url: sa.URL) -> None:
    """The tables as they were when the log had no format: without what came later."""
    tables = sa.MetaData()
    sa.Table(
        "document_log_head",
        tables,
        sa.Column("log_id", sa.String(32), primary_key=True),
        sa.Column("head", sa.BigInteger, nullable=False),
    )
    sa.Table("documents", tables, sa.Column("document_id", sa.String(512), primary_key=True))
    open_database(url, tables).dispose()


def spoilt(url: sa.URL, statement: sa.Executable) -> None:
    """A catalogue whose log was changed by hand."""
    engine = open_catalogue(url)
    with writing(engine) as connection:
        connection.execute(statement)
    engine.dispose()


def tables_at(url: sa.URL) -> set[str]:
    """The tables that are there."""
    engine = open_database(url, sa.MetaData())
    with reading(engine) as connection:
        found = set(sa.inspect(connection).get_table_names())
    engine.dispose()
    return found


def test_reopening(open_catalog: Open) -> None:
    """The log's id and everything in it stay."""
    first = open_catalog()
    first.documents.append("main", "s", [document("a")])
    again = open_catalog()
    assert again.documents.log_id == first.documents.log_id
    assert again.documents.head() == 1


def test_opened_by_many_at_once(open_catalog: Open) -> None:
    """Whoever comes first makes the tables; all get the same log."""
    together = threading.Barrier(6)
    opened: list[Catalog] = []
    faults: list[BaseException] = []

    def open_once() -> None:
        try:
            together.wait(10)
            opened.append(open_catalog())
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=open_once) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(opened) == 6
    assert len({catalog.documents.log_id for catalog in opened}) == 1


def test_an_earlier_version_is_refused(url: sa.URL) -> None:
    """In words, and without a change to it."""
    earlier_version(url)
    with pytest.raises(CatalogError, match="was made by an earlier version of Tandem") as raised:
        open_catalogue(url)
    assert "index again" in raised.value.hint
    assert tables_at(url) == {"document_log_head", "documents"}


def test_all_tables_of_an_earlier_version_are_refused(url: sa.URL) -> None:
    """Names that are all there do not make it this version's."""
    spoilt(url, sa.text("ALTER TABLE document_log_head DROP COLUMN format"))
    with pytest.raises(CatalogError, match="was made by an earlier version of Tandem"):
        open_catalogue(url)


@pytest.mark.parametrize(
    ("found", "said", "hint"),
    [
        (FORMAT - 5, "an earlier version of Tandem: format 1, expected 6", "index again"),
        (FORMAT + 1, "a later version of Tandem: format 7, expected 6", "use that version"),
    ],
)
def test_another_format_is_refused(url: sa.URL, found: int, said: str, hint: str) -> None:
    """Both numbers are told."""
    spoilt(url, LOG.update().values(format=found))
    with pytest.raises(CatalogError, match=said) as raised:
        open_catalogue(url)
    assert hint in raised.value.hint


@pytest.mark.parametrize(
    "statement",
    [LOG.delete(), LOG.insert().values(log_id="second", head=7, format=FORMAT)],
    ids=["none", "two"],
)
def test_a_log_without_its_one_row_is_refused(url: sa.URL, statement: sa.Executable) -> None:
    """None, or two, would give sequences twice."""
    spoilt(url, statement)
    with pytest.raises(CatalogError, match=r"damaged: [02] log rows, expected 1") as raised:
        open_catalogue(url)
    assert "backup" in raised.value.hint


def test_somebody_elses_table_is_left_alone(url: sa.URL) -> None:
    """A database that already has documents of another kind is not mixed with them."""
    other = sa.MetaData()
    sa.Table("documents", other, sa.Column("invoice", sa.Integer, primary_key=True))
    open_database(url, other).dispose()
    with pytest.raises(CatalogError, match="table 'documents' that is not the catalogue's"):
        open_catalogue(url)
    assert tables_at(url) == {"documents"}


def test_tables_of_others_do_no_harm(url: sa.URL) -> None:
    """Under other names."""
    other = sa.MetaData()
    sa.Table("invoices", other, sa.Column("number", sa.Integer, primary_key=True))
    open_database(url, other).dispose()
    open_catalogue(url).dispose()
    assert tables_at(url) == {"invoices", *CATALOGUE.tables}


def test_a_database_of_another_encoding_is_refused(postgres_server: sa.URL) -> None:
    """It could not hold every text: the one that must be made is named."""
    for encoding in ("SQL_ASCII", "LATIN1"):
        url = create_database(postgres_server, encoding=encoding)
        try:
            with pytest.raises(CatalogError, match=f"text as {encoding}, expected UTF8") as raised:
                open_catalogue(url)
            assert "createdb -E UTF8" in raised.value.hint
            assert tables_at(url) == set()
        finally:
            drop_database(url)


def without_models(connection: sa.Connection) -> None:
    """What format 3 had not."""
    for column in ("model", "search"):
        connection.exec_driver_sql(f"ALTER TABLE releases DROP COLUMN {column}")
    for table in ("models", "model_parts", "keys"):
        connection.exec_driver_sql(f"DROP TABLE {table}")
    connection.execute(LOG.update().values(format=3))


def test_a_catalogue_without_models_is_taken_up(catalog: Catalog, open_catalog: Open) -> None:
    """Format 3: its releases have none, and those to come may have one."""
    made = catalog.releases.create_generation(
        "main", Schema(), analysis="english-1", embedder="m", dimension=8, passage_tokens=9
    )
    before = catalog.releases.promote("main", made.number, parent=None)
    with writing(catalog.engine) as connection:
        without_models(connection)
    again = open_catalog()
    assert again.releases.live("main") == before
    model = again.models.add("main", {}, {"model.txt": b"tree"})
    after = again.releases.promote("main", made.number, parent=before.number, model=model)
    assert open_catalog().releases.live("main") == after
    assert after.model == model


def test_a_catalogue_without_searches_is_taken_up(catalog: Catalog, open_catalog: Open) -> None:
    """Format 4: its releases search by the settings, and those to come may have their own."""
    made = catalog.releases.create_generation(
        "main", Schema(), analysis="english-1", embedder="m", dimension=8, passage_tokens=9
    )
    before = catalog.releases.promote("main", made.number, parent=None)
    with writing(catalog.engine) as connection:
        connection.exec_driver_sql("ALTER TABLE releases DROP COLUMN search")
        connection.exec_driver_sql("DROP TABLE keys")
        connection.execute(LOG.update().values(format=4))
    again = open_catalog()
    assert again.releases.live("main") == before
    after = again.releases.promote("main", made.number, parent=before.number, search='{"depth":9}')
    assert open_catalog().releases.live("main") == after
    assert after.search == '{"depth":9}'


def test_a_catalogue_without_keys_is_taken_up(catalog: Catalog, open_catalog: Open) -> None:
    """Format 5: there is none yet, and may be one."""
    with writing(catalog.engine) as connection:
        connection.exec_driver_sql("DROP TABLE keys")
        connection.execute(LOG.update().values(format=5))
    again = open_catalog()
    assert again.keys.list() == []
    made, _ = again.keys.create(Wanted("shop", frozenset({"search"})))
    assert open_catalog().keys.list() == [made]


def test_a_catalogue_that_lacks_a_table_is_damaged(catalog: Catalog, open_catalog: Open) -> None:
    """Of its own format: nothing that was in it can be made up."""
    with writing(catalog.engine) as connection:
        connection.exec_driver_sql("DROP TABLE tasks")
    with pytest.raises(DatabaseDamaged, match="is damaged: it has no table tasks") as raised:
        open_catalog()
    assert "backup" in raised.value.hint


def test_a_catalogue_that_awaits_nothing_is_taken_up(catalog: Catalog, open_catalog: Open) -> None:
    """Format 2: its indexes go on as they are, and what is begun now may await something."""
    held = catalog.checkpoints.start("old", "i", "l")
    with writing(catalog.engine) as connection:
        without_models(connection)
        connection.exec_driver_sql("ALTER TABLE checkpoints DROP COLUMN awaited")
        connection.execute(LOG.update().values(format=2))
    checkpoints = open_catalog().checkpoints
    assert checkpoints.read("old") == held
    checkpoints.start("new", "i", "l", awaited=7)
    assert [item and item.is_whole for item in map(checkpoints.read, ("old", "new"))] == [
        True,
        False,
    ]


# --- an event log of format 1 ---

AT = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)
OLD = Event("old", "click", AT, "d", "u")


def drop_second(connection: sa.Connection) -> None:
    """What format 2 had not."""
    for index in sa.inspect(connection).get_indexes("events"):
        if not index["unique"]:
            connection.exec_driver_sql(f"DROP INDEX {index['name']}")
    for table in ("impression_features", "feature_names", "erasures", "erased_ids"):
        connection.exec_driver_sql(f"DROP TABLE {table}")


def first_format(catalog: Catalog) -> sa.URL:
    """The event log as it was before it had details, with an event and an impression in it."""
    catalog.events.append("main", "s", [OLD])
    catalog.events.append_impressions("main", "s", [Impression("q", AT, 1)])
    with writing(catalog.events.engine) as connection:
        for table in ("events", "impressions"):
            connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN details")
        drop_second(connection)
        connection.execute(EVENT_HEAD.update().values(format=1))
    return events_url(catalog.engine.url)


def test_an_event_log_without_details_is_taken_up(catalog: Catalog, open_catalog: Open) -> None:
    """What is in it stays as it is, and what comes has details."""
    first_format(catalog)
    log = open_catalog().events
    new = Event("new", "click", AT, details={"message": "yes"})
    log.append("main", "s", [new])
    assert [row.what for row in log.events("main", 0, 10).rows] == [OLD, new]
    assert [row.what for row in log.impressions("main", 0, 10).rows] == [Impression("q", AT, 1)]
    assert log.log_id == catalog.events.log_id
    again = open_catalog().events
    assert again.head() == 3


def test_an_event_log_without_features_is_taken_up(catalog: Catalog, open_catalog: Open) -> None:
    """It gets the tables and the indexes that came with format 3."""
    catalog.events.append("main", "s", [OLD])
    with writing(catalog.events.engine) as connection:
        drop_second(connection)
        connection.execute(EVENT_HEAD.update().values(format=2))
    log = open_catalog().events
    assert log.features.size("main") == (0, 0)
    assert log.erasures.of("main") == []
    with reading(log.engine) as connection:
        indexes = [index["column_names"] for index in sa.inspect(connection).get_indexes("events")]
    ordered = {index[1] for index in indexes if index[2:3] == ["sequence"]}
    assert ordered == {"user_id", "client_id", "session_id"}
    assert [row.what for row in log.events("main", 0, 10).rows] == [OLD]


def test_indexes_over_many_rows_may_take_their_time(
    postgres_url: sa.URL, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No statement is cut off while a log is taken up; whoever waits is told why."""
    open_log(postgres_url, BEHAVIOUR).dispose()
    engine = open_database(postgres_url, sa.MetaData())
    with writing(engine) as connection:
        drop_second(connection)
        connection.execute(EVENT_HEAD.update().values(format=2))
    engine.dispose()

    def slow(_table: sa.Table, connection: sa.Connection, **_: object) -> None:
        connection.exec_driver_sql("SELECT pg_sleep(1)")

    monkeypatch.setattr(postgres, "SESSION", ("SET statement_timeout = '800ms'",))
    caplog.set_level("INFO", "tandem.catalog")
    sa.event.listen(FEATURES, "before_create", slow)
    try:
        open_log(postgres_url, BEHAVIOUR).dispose()
    finally:
        sa.event.remove(FEATURES, "before_create", slow)
    assert f"is of format 2 and becomes one of format {EVENT_FORMAT}" in caplog.messages[0]
    assert f"was of format 2 and is of format {EVENT_FORMAT} now" in caplog.messages[1]


@pytest.mark.parametrize("found", [2, EVENT_FORMAT])
def test_a_log_that_has_lost_a_table_is_damaged(
    catalog: Catalog, open_catalog: Open, found: int
) -> None:
    """It is named; nothing is made in its place."""
    with writing(catalog.events.engine) as connection:
        connection.exec_driver_sql("DROP TABLE impressions")
        connection.execute(EVENT_HEAD.update().values(format=found))
    with pytest.raises(CatalogError, match="is damaged: it has no table impressions"):
        _ = open_catalog().events


def test_a_log_to_be_taken_up_is_there(catalog: Catalog, open_catalog: Open) -> None:
    """Although it has not all of its tables yet: its events are counted."""
    first_format(catalog)
    assert open_catalog().has_events()


def test_many_take_it_up_at_once(catalog: Catalog) -> None:
    """One adds the columns, and nobody fails."""
    url = first_format(catalog)
    together = threading.Barrier(6)
    faults: list[BaseException] = []

    def open_once() -> None:
        try:
            together.wait(10)
            open_log(url, BEHAVIOUR).dispose()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=open_once) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def overtaken(monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]) -> None:
    """Whoever waits for the log's lock finds that another process has moved it on meanwhile."""

    @contextmanager
    def waiting(engine: sa.Engine, head: sa.Table) -> Iterator[tuple[sa.Connection, int]]:
        monkeypatch.setattr("tandem.catalog.opening.in_order", in_order)
        meanwhile()
        with in_order(engine, head) as held:
            yield held

    monkeypatch.setattr("tandem.catalog.opening.in_order", waiting)


def test_a_later_version_was_first(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has made of the log is not undone by who wanted to do less."""
    url = first_format(catalog)

    def by_a_later_one() -> None:
        with writing(catalog.events.engine) as connection:
            connection.execute(EVENT_HEAD.update().values(format=EVENT_FORMAT + 1))

    overtaken(monkeypatch, by_a_later_one)
    with pytest.raises(CatalogError, match="a later version of Tandem: format 5, expected 4"):
        open_log(url, BEHAVIOUR)
    with reading(catalog.events.engine) as connection:
        assert connection.execute(sa.select(EVENT_HEAD.c.format)).scalar() == EVENT_FORMAT + 1


def test_another_process_was_first(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is left to do, nor to tell."""
    caplog.set_level("INFO", "tandem.catalog")
    url = first_format(catalog)
    overtaken(monkeypatch, lambda: open_log(url, BEHAVIOUR).dispose())
    open_log(url, BEHAVIOUR).dispose()
    assert len(caplog.messages) == 2, "the other one has told it"


def test_who_wrote_it_before_goes_on(catalog: Catalog, open_catalog: Open) -> None:
    """An older process may still run: it knows nothing of details."""
    first_format(catalog)
    log = open_catalog().events
    older = sa.text(
        "INSERT INTO impressions (sequence, collection, source, received_at, query_id, "
        "first_position, happened_at, release, surface, query_text, as_of, exposures) "
        "VALUES (3, 'main', 's', 1, 'q2', 0, 0, 1, 'search', '', 0, '[]')"
    )
    with writing(log.engine) as connection:
        connection.execute(older)
        connection.execute(EVENT_HEAD.update().values(head=3))
    assert [row.what.details for row in log.impressions("main", 0, 10).rows] == [{}, {}]


@pytest.mark.parametrize(("found", "age"), [(0, "an earlier"), (EVENT_FORMAT + 1, "a later")])
def test_another_event_log_is_refused(
    catalog: Catalog, open_catalog: Open, found: int, age: str
) -> None:
    """One that nothing is known of."""
    with writing(catalog.events.engine) as connection:
        connection.execute(EVENT_HEAD.update().values(format=found))
    said = f"the event log .* was made by {age} version of Tandem: format {found}, expected 4"
    with pytest.raises(CatalogError, match=said):
        _ = open_catalog().events


TEXTS = ["nul\0inside", "\x10", "\x100", "\0", "\x10\x101", "a\u0000", "\U0001f469\u200d", "\ufffe"]


@pytest.mark.parametrize("text", TEXTS)
def test_any_character_is_kept(catalog: Catalog, text: str) -> None:
    """In ids, sources, titles, bodies and attributes: what one database refuses, all keep."""
    sent = document(f"id-{text}", f"body {text}", title=text, value=text, many=(text, "b"))
    log = catalog.documents
    assert log.append("main", f"source {text}", [sent]).sequences == {sent.document_id: 1}
    assert log.changes("main", 0, 10).changes[0].document == sent
    assert log.documents("main", [sent.document_id]) == {sent.document_id: sent}
    assert list(log.ids_of_source("main", f"source {text}")) == [sent.document_id]
    assert log.versions_of("main", [sent.document_id]).keys() == {sent.document_id}
    assert log.append("main", f"source {text}", [sent]).unchanged == 1
    assert log.delete("main", [sent.document_id]) == {sent.document_id: 2}


def test_long_names(catalog: Catalog) -> None:
    """An id as long as validation lets it be, and a source as long as a path may be."""
    name, source = "x" * 512, "/folder" * 500
    assert catalog.documents.append("main", source, [document(name)]).sequences == {name: 1}
    assert list(catalog.documents.ids_of_source("main", source)) == [name]


@pytest.mark.parametrize(
    "refuse",
    [
        lambda catalog: catalog.documents.append("main", "s", [document("a", "\ud800")]),
        lambda catalog: catalog.documents.append("main", "s", [document("\ud800")]),
        lambda catalog: catalog.documents.append("main", "\udfff", [document("a")]),
    ],
)
def test_a_lone_surrogate_changes_nothing(
    catalog: Catalog, refuse: Callable[[Catalog], object]
) -> None:
    """It is no character: no database takes it, whole batches are left out."""
    with pytest.raises((UnicodeEncodeError, TypeError)):
        refuse(catalog)
    assert catalog.documents.head() == 0
