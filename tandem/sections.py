"""The sections of the settings: name, type, default, range and help of each."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tandem.analysis import AnalysisSetting
from tandem.fields import FieldType
from tandem.normalisation import Fusion
from tandem.queries import MAXIMUM_BUDGET_MS

MOST_DAYS = 36_500

ScoringWeight = Annotated[float, Field(ge=0, le=10)]
"""See ``tandem.scoring``."""


class Section(BaseModel):
    """A table of ``tandem.toml``: unknown names are errors, and so is what is no finite number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FieldSettings(Section):
    """One declared field of the collection."""

    type: FieldType = Field(description="text, keyword, integer, float, boolean or datetime")
    weight: float = Field(1.0, description="for text: worth of a match beside one in the body")


class EngineSettings(Section):
    """Where the engines are, as URLs."""

    lexical: str = Field(
        "tantivy:",
        description="lexical engine: `tantivy:`, or `opensearch+http://USER:PASSWORD@HOST:9200` "
        "(or `+https`)",
    )
    vector: str = Field(
        "qdrant-edge:",
        description="vector engine: `qdrant-edge:`, or `qdrant+http://:API_KEY@HOST:6333` "
        "(or `+https`)",
    )
    lexical_shards: int = Field(
        1, ge=1, le=1_024, description="OpenSearch: shards of a new index; one holds some 30 GB"
    )
    lexical_replicas: int = Field(
        0,
        ge=0,
        le=100,
        description="OpenSearch: further copies of a new index, each on another node; production "
        "wants 1 or more, or a lost disk takes the index until it is built again from the log",
    )
    catalog: str = Field(
        "sqlite:",
        description="catalogue: `sqlite:`, in the data folder, `sqlite:///PATH`, or "
        "`postgresql+psycopg://USER:PASSWORD@HOST:5432/DATABASE`",
    )


class EmbeddingSettings(Section):
    """The embedding model."""

    model: str = Field(
        "sentence-transformers/all-MiniLM-L6-v2", description="model name, as on the hub"
    )
    path: Path | None = Field(None, description="folder of the model's files, if they are at hand")
    runtime: Literal["auto", "openvino", "onnxruntime", "torch", "torch-openvino"] = Field(
        "auto",
        description="what runs the model; the last two need the extra [torch], for any model",
    )
    device: str | None = Field(
        None, description="with [torch]: `cpu` or `cuda`; unset: a GPU if there is one"
    )
    precision: Literal["auto", "bf16", "f32"] = Field(
        "auto", description="`auto`: bf16 where the processor has it, else f32"
    )
    threads: int | None = Field(None, ge=1, description="processor threads; unset: every core")


class LegSettings(Section):
    """How one leg counts."""

    k: float = Field(60.0, ge=0, description="rank constant of reciprocal rank fusion")
    weight: float = Field(1.0, ge=0, description="weight in reciprocal rank fusion")
    share: float = Field(0.4, ge=0, description="weight of its completed score in the hybrid order")


class LexicalLegSettings(LegSettings):
    """How words score, too; all of it takes effect at once, on an index as it is."""

    weights: dict[str, ScoringWeight] = Field(
        default_factory=dict,
        description="text field -> worth of a match in it beside others, 0 to 10, as "
        "`{title = 2.0}`; those that are not named have the weight of their declaration",
    )
    phrase: ScoringWeight = Field(
        0.0,
        description="what it adds that two neighbouring words of the text stand together in a "
        "document, 0 to 10 times the score of these words",
    )
    proximity: ScoringWeight = Field(
        0.0,
        description="the same for neighbours that stand within about eight words of each other in "
        "a document, in any order",
    )


class VectorLegSettings(LegSettings):
    """The vector leg's share is its own: chosen with the lexical one on SciFact's train queries."""

    share: float = Field(0.6, ge=0, description="weight of its completed score in the hybrid order")


class SearchSettings(Section):
    """How a search runs."""

    fusion: Fusion = Field(
        "best",
        description="the hybrid order: the sum of both legs' completed scores x their `share`, "
        "each normalised over the candidates by the `best` one, between the least possible score "
        "and the best one (`bounds`), between both ends (`min-max`), or by mean and standard "
        "deviation (`z-score`; `dbsf` cuts at three of them); or `rrf`, the order of reciprocal "
        "rank fusion, without shares",
    )
    depth: int = Field(
        100, ge=1, le=1_000, description="documents asked of each leg, candidates kept by fusion"
    )
    budget_ms: float = Field(
        1_000.0, gt=0, le=MAXIMUM_BUDGET_MS, description="deadline of an answer, milliseconds"
    )
    personal_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="worth of a person's own past in the hybrid order: a document's score rises by "
        "this x how much its keyword values are what whoever asks chose in their last 200 events, "
        "0 to 1. Nothing trains it, so it is off, 0, unless asked for",
    )
    rules: Path | None = Field(
        None,
        description="file of synonyms and of rules that pin, hide or boost results; read again "
        "when it changes",
    )
    correct_spelling: bool = Field(
        True,
        description="search by words once more with what was misspelt corrected, where little was "
        "found; the answer says so",
    )
    past_queries_days: int = Field(
        90,
        ge=0,
        le=MOST_DAYS,
        description="how far back queries count that are suggested to others, days; 0: none is",
    )
    feature_log_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="share of searches of which the model's features are kept to be trained on, 0 "
        "to 1; about 4 bytes x features x results shown, so some 3 kB a page, and for "
        "search.cursor_minutes 6 bytes x features x results not yet shown, so some 40 kB a search",
    )
    cursor_minutes: int = Field(
        15,
        ge=1,
        le=1_440,
        description="minutes for which a search's next pages can be asked for; meanwhile its "
        "generation is not dropped",
    )
    facts_megabytes: int = Field(
        128,
        ge=0,
        le=65_536,
        description="room for what signals know of documents, kept ready for each open generation, "
        "megabytes; 128 hold some 20,000 documents of 200 words",
    )
    lexical: LexicalLegSettings = LexicalLegSettings()
    vector: VectorLegSettings = VectorLegSettings()


class IndexingSettings(Section):
    """How documents become findable."""

    analysis: AnalysisSetting = Field(
        "english",
        description="how text becomes words: `english` drops stop words and stems; `plain` keeps "
        "every word as it stands, for codes, names and other languages",
    )
    passage_tokens: int = Field(
        128, ge=32, le=512, description="length of a passage with its title, tokens"
    )


class QualitySettings(Section):
    """What a new generation must not fall short of."""

    judgments: Path | None = Field(
        None,
        description="judged queries with their texts: a BEIR folder, JSONL or Quepid's CSV; unset: "
        "`reindex` compares no quality",
    )
    thresholds: Path | None = Field(
        None,
        description="file of what the measures of a generation must reach, or may lose; unset: "
        "`quality.tolerance` decides",
    )
    tolerance: float = Field(
        0.01, ge=0, le=1, description="how much nDCG@10 may fall when a generation goes live"
    )
    model_margin: float = Field(
        0.005,
        ge=0,
        le=1,
        description="how much nDCG@10 may fall, by the low end of its 95 % interval, when a model "
        "takes the place of another",
    )


class RetentionSettings(Section):
    """How much of the past is kept."""

    generations: int = Field(
        2, ge=1, le=10, description="generations kept, the live one and those before it"
    )
    events_days: int | None = Field(
        None,
        ge=1,
        le=MOST_DAYS,
        description="days that events are kept after their receipt; unset: for ever, as nothing "
        "brings back what could be learned from them",
    )
    impressions_days: int | None = Field(
        None,
        ge=1,
        le=MOST_DAYS,
        description="days that impressions are kept after their receipt; unset: for ever",
    )
    features_days: int = Field(
        90,
        ge=1,
        le=MOST_DAYS,
        description="days that features are kept that were logged with impressions; no longer than "
        "those",
    )
    history_days: int = Field(
        365,
        ge=1,
        le=MOST_DAYS,
        description="days that finished tasks, dropped generations with their releases, models of "
        "none but old releases, and what says that somebody was erased are kept",
    )
    embedding_cache_mb: int | None = Field(
        None,
        ge=1,
        description="room of the embedding cache, MB; beyond it what was put first goes. Unset: "
        "all vectors of the kept generations' models",
    )
