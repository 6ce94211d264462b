"""Builds the house from settings; ``engines`` and ``embedders`` know the concrete ones."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from api.collection import OpenCollection
from api.embedders import Embedders, Notify, silent
from api.engines import (
    TANTIVY,
    catalogue_file,
    check_engines,
    is_embedded,
    lexical_store,
    open_catalog,
    vector_store,
)
from api.generation import OpenGeneration, analysis_of
from api.publication import publishing
from indexer.generations import lexical_factory, vector_factory
from indexer.leases import Beats
from indexer.seats import Access, Seat
from tandem.analysis import NEWEST
from tandem.catalog.catalog import Catalog
from tandem.catalog.ownership import Ownership, is_owned, owner_of
from tandem.catalog.releases import Generation, Release
from tandem.errors import CollectionNotFound, ReleaseConflict, SettingsError
from tandem.protocols import Embedder
from tandem.schema import Schema
from tandem.sections import IndexingSettings
from tandem.settings import Settings
from tandem.stores import LexicalStore, VectorStore
from tandem.telemetry import UNMETERED, Meter


@dataclass
class House:
    """The opened house. With embedded engines it owns the data folder until ``close``. ``meter`` is
    told what happens while people search in what is opened from then on.
    """

    settings: Settings
    catalog: Catalog
    ownership: Ownership | None
    access: Access
    embedders: Embedders
    meter: Meter = UNMETERED
    on_growth: Callable[[], None] = lambda: None
    """For whoever follows the document log in this process: see ``tell_growth``."""

    _open: dict[str, OpenCollection] = field(default_factory=dict)
    _opening: threading.RLock = field(default_factory=threading.RLock)

    @cached_property
    def lexical_store(self) -> LexicalStore:
        """The lexical engine that the settings name."""
        return lexical_store(self.settings, self.catalog)

    @cached_property
    def vector_store(self) -> VectorStore:
        """The vector engine that the settings name."""
        return vector_store(self.settings, self.catalog)

    @cached_property
    def beats(self) -> Beats:
        """What keeps up the leases that this process holds."""
        return Beats(self.catalog.checkpoints)

    def collection(self, name: str) -> OpenCollection:
        """The collection, opened once, whichever threads ask.

        Raises:
            CollectionNotFound: nothing was indexed under that name.
        """
        with self._opening:
            if name not in self._open:
                live = self.catalog.releases.live(name)
                if live is None:
                    raise self._not_found(name, self.catalog.releases.collections())
                self._open[name] = self._open_collection(live)
            return self._open[name]

    def has_collection(self, name: str) -> bool:
        """Whether anything was ever indexed under that name."""
        return self.catalog.releases.live(name) is not None

    def tell_growth(self) -> None:
        """Say that the document log has grown by what this process wrote."""
        self.on_growth()

    def create_collection(self, name: str, schema: Schema) -> OpenCollection:
        """A new collection: its first generation, promoted while still empty; the one that another
        process has made meanwhile, if one has.
        """
        generation = self.create_generation(name, schema)
        with self._opening:
            try:
                self.catalog.releases.promote(name, generation.number, parent=None)
            except ReleaseConflict:
                self.catalog.releases.drop(generation.number)
            return self.collection(name)

    def create_generation(
        self,
        name: str,
        schema: Schema,
        model: str | None = None,
        indexing: IndexingSettings | None = None,
    ) -> Generation:
        """A new generation of a collection, as the settings want it; nothing is in it yet.

        ``model`` stands in for the settings' embedding model, ``indexing`` for that section.
        """
        indexing = indexing or self.settings.indexing
        embedder = self.embedders.load(model)
        return self.catalog.releases.create_generation(
            name,
            schema,
            analysis=NEWEST[indexing.analysis].name,
            embedder=embedder.name,
            dimension=embedder.dimension,
            passage_tokens=indexing.passage_tokens,
        )

    def _open_collection(self, release: Release) -> OpenCollection:
        return OpenCollection(
            self.settings, self.catalog, release, self._open_generation, self.meter
        )

    def _open_generation(self, generation: Generation) -> OpenGeneration:
        analysis = analysis_of(generation)
        catalog, beats, access = self.catalog, self.beats, self.access
        words, meaning = self.lexical_store, self.vector_store
        made_of_words = lexical_factory(words, generation, analysis)
        lexical = publishing(made_of_words, words, catalog, generation)
        vector = publishing(vector_factory(meaning, generation), meaning, catalog, generation)
        embedder = self.embedders.of(generation.embedder, generation.dimension)
        asked = self._owner_lives, self._owner_name
        lexical_seat = Seat(catalog, lexical, beats, access, *asked)
        try:
            vector_seat = Seat(catalog, vector, beats, access, *asked)
        except BaseException:
            lexical_seat.close()  # else nobody could open it at the next try
            raise
        return OpenGeneration(
            catalog,
            generation,
            lexical_seat,
            vector_seat,
            embedder,
            is_in_process=self.settings.engines.lexical == TANTIVY,
        )

    def _owner_lives(self) -> bool:
        return is_owned(self.settings.data_dir)

    def _owner_name(self) -> str | None:
        return owner_of(self.settings.data_dir)

    @staticmethod
    def _not_found(name: str, known: Sequence[str]) -> CollectionNotFound:
        listed = ", ".join(known)
        return CollectionNotFound(
            f"there is no collection {name!r} in this data folder",
            hint=f"known collections: {listed}" if known else "index something: tandem index FILE",
        )

    def close(self) -> None:
        """Close everything and give the data folder back."""
        for collection in list(self._open.values()):
            collection.close()
        for name in ("beats", "lexical_store", "vector_store"):
            if name in self.__dict__:  # what was never asked for was never opened
                self.__dict__[name].close()
        self.catalog.close()
        if self.ownership is not None:
            self.ownership.release()

    def __enter__(self) -> "House":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_house(
    settings: Settings,
    purpose: str,
    *,
    embedder: Embedder | None = None,
    notify: Notify = silent,
    create: bool = True,
    follows: bool = False,
) -> House:
    """Open the catalogue, and with embedded engines own the data folder.

    ``embedder`` stands in for the settings' one. ``notify`` is told before something slow begins.
    ``follows``: this process follows the log for as long as it lives, so that others can write
    into the log beside it.

    Raises:
        SettingsError: an engine is not known, or the data folder cannot be used.
        CollectionNotFound: there is no data folder, and ``create`` is false.
        OwnedElsewhere: another process owns the data folder.
    """
    check_engines(settings)
    if not create:
        require_data_folder(settings)
    embedders = Embedders(settings, notify, embedder)
    if not is_embedded(settings):
        return House(settings, open_catalog(settings), None, Access.LEASED, embedders)
    ownership = Ownership(settings.data_dir, purpose, follows=follows)
    try:
        return House(settings, open_catalog(settings), ownership, Access.OWNED, embedders)
    except BaseException:
        ownership.release()
        raise


def open_house_beside(settings: Settings, notify: Notify = silent) -> House:
    """Open the catalogue of a data folder whose owner follows the log: its indexes stay shut."""
    embedders = Embedders(settings, notify)
    return House(settings, open_catalog(settings), None, Access.BESIDE, embedders)


def require_data_folder(settings: Settings) -> None:
    """Refuse to look for collections where there never was one; nothing is written.

    Raises:
        CollectionNotFound: the data folder, or the catalogue's file, does not exist.
        SettingsError: nobody may look there.
    """
    folder, file = settings.data_dir, catalogue_file(settings)
    if file is None:
        return  # a catalogue on a server says itself what it holds
    hint = "index something first: tandem index FILE; or name another with --data-dir"
    try:
        if not folder.is_dir():
            raise CollectionNotFound(f"there is no data folder {folder}", hint=hint)
        if not file.is_file():
            raise CollectionNotFound(
                f"nothing was ever indexed into {folder}: there is no catalogue {file}", hint=hint
            )
    except OSError as error:
        raise SettingsError(
            f"the data folder {folder} cannot be read: {error.strerror}",
            hint="allow reading it, or name another with --data-dir",
        ) from None
