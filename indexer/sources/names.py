"""The name under which the document log remembers a source."""

import os
from hashlib import blake2b
from pathlib import Path

from indexer.sources.records import escaped
from tandem.errors import SourceError

MAXIMUM_NAME_CHARACTERS = 255
_DIGEST_BYTES = 16


def given_name(name: str) -> str:
    """A name that somebody chose, in a form that can be stored.

    Raises:
        SourceError: it is blank, or longer than 255 characters.

    """
    stored = escaped(name)
    if not stored.strip():
        raise SourceError("--source: the name is blank", hint="leave it out to use the path")
    if len(stored) > MAXIMUM_NAME_CHARACTERS:
        raise SourceError(
            f"--source: at most {MAXIMUM_NAME_CHARACTERS} characters are allowed, "
            f"found {len(stored):,}"
        )
    return stored


def path_name(location: str) -> str:
    """The name of a source that is called by its path: the path itself, in full.

    Where that is too long or no UTF-8, its hash and its end. No two paths share a name: a path
    in full begins at the root, and a hash does not.

    Raises:
        SourceError: links lead in a circle.

    """
    try:
        path = str(Path(location).resolve())
    except (OSError, RuntimeError) as error:
        raise SourceError(f"{location}: cannot be opened: {error}") from None
    shown = escaped(path)
    if shown == path and len(path) <= MAXIMUM_NAME_CHARACTERS:
        return path
    digest = blake2b(os.fsencode(path), digest_size=_DIGEST_BYTES).hexdigest()
    return f"{digest}:{shown[-(MAXIMUM_NAME_CHARACTERS - len(digest) - 1) :]}"
