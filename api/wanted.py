"""What the settings want of a generation: compared with the live one, handed to who builds it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tandem.analysis import NEWEST
from tandem.catalog.releases import Generation
from tandem.errors import SettingsError
from tandem.sections import (
    EmbeddingSettings,
    FieldSettings,
    IndexingSettings,
    QualitySettings,
)
from tandem.settings import Settings

MODEL = "embedding.model"


def differing(settings: Settings, generation: Generation) -> list[str]:
    """The settings that ask for something else than a generation was built with."""
    declared = settings.declared_schema()
    differs = {
        "fields": declared is not None and declared.fingerprint != generation.schema.fingerprint,
        MODEL: settings.embedding.model != generation.embedder.partition("@")[0],
        "indexing.analysis": NEWEST[settings.indexing.analysis].name != generation.analysis,
        "indexing.passage_tokens": settings.indexing.passage_tokens != generation.passage_tokens,
    }
    return [name for name, is_so in differs.items() if is_so]


def pending_change(settings: Settings, live: Generation) -> str | None:
    """What the settings ask for and the live generation was not built with."""
    names = differing(settings, live)
    if not names:
        return None
    return (
        f"{', '.join(names)} of the settings differ from the live generation {live.number}, "
        "which stays in use; apply them with tandem reindex"
    )


class Wanted(BaseModel):
    """The settings that one reindex goes by. Who follows the log read its own when it was started,
    and goes by those in all else; what counts for a reindex is what the command that asks for it
    has read. Of retention that is how many generations are kept, and no more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: dict[str, FieldSettings]
    embedding: EmbeddingSettings
    indexing: IndexingSettings
    quality: QualitySettings
    generations: int

    @classmethod
    def of(cls, settings: Settings) -> "Wanted":
        """Those of the settings, with paths that mean the same in every folder."""
        embedding, quality = settings.embedding, settings.quality
        return cls(
            fields=settings.fields,
            embedding=embedding.model_copy(update={"path": _absolute(embedding.path)}),
            indexing=settings.indexing,
            quality=quality.model_copy(
                update={
                    "judgments": _absolute(quality.judgments),
                    "thresholds": _absolute(quality.thresholds),
                }
            ),
            generations=settings.retention.generations,
        )

    def as_data(self) -> dict[str, Any]:
        """As a JSON object."""
        return self.model_dump(mode="json")

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "Wanted":
        """What ``as_data`` gave.

        Raises:
            SettingsError: it is of a version of Tandem with other settings.
        """
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise SettingsError(
                f"the reindex was asked for with settings that are not known here: {error}",
                hint="run the same version of Tandem everywhere",
            ) from None

    def put_into(self, settings: Settings) -> Settings:
        """Other settings, with these in their place."""
        kept = settings.retention.model_copy(update={"generations": self.generations})
        return settings.model_copy(
            update={
                "fields": self.fields,
                "embedding": self.embedding,
                "indexing": self.indexing,
                "quality": self.quality,
                "retention": kept,
            }
        )


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()
