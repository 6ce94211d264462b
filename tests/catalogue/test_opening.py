"""Opening a catalogue: made once, and refused where it is somebody else's or of another time."""

import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tandem.catalog.catalog import Catalog
from tandem.catalog.database import open_database, reading, writing
from tandem.catalog.opening import open_catalogue
from tandem.catalog.tables import CATALOGUE, FORMAT, LOG
from tandem.errors import CatalogError
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
        (FORMAT - 1, "an earlier version of Tandem: format 1, expected 2", "index again"),
        (FORMAT + 1, "a later version of Tandem: format 3, expected 2", "use that version"),
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
