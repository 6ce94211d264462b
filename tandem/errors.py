"""Every error that Tandem raises on purpose.

    TandemError
    ├── InputError                 what was given cannot be used; the command line leaves with 2
    │   ├── SettingsError          tandem.toml, a TANDEM_… variable or an option
    │   ├── SchemaError            the declared or inferred fields contradict themselves
    │   ├── FieldError             one value does not fit its field
    │   ├── FilterError            a filter that the schema does not allow
    │   ├── QueryError             a text, limit or the like outside what a query may be
    │   │   └── BadCursor          a cursor that nobody was given, or another query's
    │   ├── CursorExpired          the order in which the pages stood is not kept any more
    │   ├── DocumentNotFound       there is no such document
    │   ├── SequenceConflict       a document does not stand as a write expects it
    │   ├── SourceError            a file that cannot be read as what it claims to be
    │   └── CollectionNotFound     nothing has been indexed under that name
    ├── ModelError                 weights missing, altered, or of an unknown kind
    ├── CatalogError
    │   ├── OwnedElsewhere         another process owns this data folder
    │   ├── CheckpointConflict     another follower moved the checkpoint
    │   ├── LogMismatch            an index that belongs to another log, or is ahead of it
    │   ├── TaskConflict           another process began or ended what was asked
    │   └── ReleaseConflict        the live release changed meanwhile
    ├── EngineError                an engine failed
    │   ├── EngineUnavailable      it cannot be reached, or did not answer in time
    │   └── IndexOutdated          an index that another version of Tandem wrote
    ├── GateFailed                 a new generation is not fit to go live
    └── SearchUnavailable          every leg failed: there is no honest page to show

A message says what was wrong, where, and what was expected; ``hint`` says what to do next.
"""

from typing import ClassVar


class TandemError(Exception):
    """The root. ``code`` is stable, for programs; message and ``hint`` are for people."""

    code: ClassVar[str] = "internal"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InputError(TandemError):
    """What was given cannot be used."""

    code = "bad_input"


class SettingsError(InputError):
    """A setting is unknown, missing or out of range."""

    code = "bad_setting"


class SchemaError(InputError):
    """The fields of a collection contradict themselves."""

    code = "bad_schema"


class FieldError(InputError):
    """One value does not fit its field; ``field`` names it."""

    code = "bad_field"

    def __init__(self, field: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{field}: {reason}", hint=hint)
        self.field = field
        self.reason = reason


class FilterError(InputError):
    """A filter names an unknown field, or a value that does not fit it."""

    code = "bad_filter"


class QueryError(InputError):
    """A query's text, limit, budget or configuration is outside what is allowed; ``field`` says
    which it is.
    """

    code = "bad_query"

    def __init__(self, message: str, *, field: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class BadCursor(QueryError):
    """A cursor that is none, or that belongs to another query than the one beside it."""

    code = "bad_cursor"

    def __init__(self, message: str, *, hint: str = "ask for the first page again") -> None:
        super().__init__(message, field="cursor", hint=hint)


class CursorExpired(InputError):
    """The order from which a cursor takes its page is not kept, or not any more."""

    code = "cursor_expired"


class DocumentNotFound(InputError):
    """There is no document of that id."""

    code = "document_not_found"


class SequenceConflict(InputError):
    """A document does not stand at the sequence at which a write expects it."""

    code = "sequence_conflict"


class SourceError(InputError):
    """A source cannot be read at all (single bad records are rejects, not errors)."""

    code = "bad_source"


class CollectionNotFound(InputError):
    """Nothing has been indexed under that name."""

    code = "collection_not_found"


class ModelError(TandemError):
    """An embedding model is missing, altered or not supported."""

    code = "bad_model"


class CatalogError(TandemError):
    """The catalogue refused or failed."""

    code = "catalog"


class OwnedElsewhere(CatalogError):
    """Another process owns the data folder; embedded engines allow one. ``follows``: it follows the
    log for as long as it lives, and does what it is asked by rows in the catalogue. If it is a
    server, ``address`` is the URL under which it answers searches, and ``collection`` what it
    serves.
    """

    code = "owned_elsewhere"

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        follows: bool = False,
        address: str | None = None,
        collection: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.follows = follows
        self.address = address
        self.collection = collection


class CheckpointConflict(CatalogError):
    """Another follower moved this index's checkpoint."""

    code = "checkpoint_conflict"


class LogMismatch(CatalogError):
    """An index follows another log, or claims to be ahead of this one."""

    code = "log_mismatch"


class TaskConflict(CatalogError):
    """A task is not in the state in which this process left it."""

    code = "task_conflict"


class ReleaseConflict(CatalogError):
    """The live release is not the one that the new one was built on."""

    code = "release_conflict"


class EngineError(TandemError):
    """An engine failed."""

    code = "engine"


class EngineUnavailable(EngineError):
    """An engine cannot be reached or did not answer in time."""

    code = "engine_unavailable"


class IndexOutdated(EngineError):
    """An index that another version of Tandem wrote, and this one reads otherwise. Nothing is lost
    by building it anew from the log.
    """

    code = "index_outdated"


class GateFailed(TandemError):
    """What was built is not fit to go live; what was live stays."""

    code = "gate_failed"


class SearchUnavailable(TandemError):
    """Every leg of a search failed."""

    code = "search_unavailable"
