"""``tandem verify``."""

from collections.abc import Sequence
from typing import Annotated

import typer

from api.bootstrap import open_house
from api.collection import OpenCollection
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.commands.search import bring_up_to_date
from api.commands.verify_report import exit_code, tell
from api.console import Bars, bars, note
from api.generation import OpenGeneration
from indexer.findings import IndexVerification
from indexer.holdings import LexicalHoldings, VectorHoldings
from indexer.judging import VerifiedIndex
from indexer.verification import SAMPLE, Verifier, VerifyOptions
from indexer.writers import LexicalWriter, VectorWriter
from query.configurations import LEXICAL, VECTOR
from tandem.embedding.cached_embedder import CachedEmbedder


def run(
    repair: Annotated[
        bool, typer.Option("--repair", help="Mend what is found from the document log.")
    ] = False,
    sample: Annotated[
        int, typer.Option("--sample", min=0, help="How many documents to compare by content.")
    ] = SAMPLE,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Chooses the sample; by default at random.")
    ] = None,
    collection: Collection = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Compare each index with the document log, document by document; mend with --repair.

    First each index applies what it has not yet. Leaves with 0 when all hold what the log says;
    with 1 when something differs, or an index could not be read; with 2 when something given cannot
    be used.
    """
    chosen = settings(config, data_dir, collection)
    options = VerifyOptions(repair=repair, sample=sample, seed=seed)
    with open_house(chosen, "tandem verify", notify=note, create=False) as house:
        target = house.collection(chosen.collection)
        bring_up_to_date(target)
        results = _verify(target, options, show_bars=not as_json)
        tell(target, results, options, as_json=as_json)
        return exit_code(results)


def verified_indexes(target: OpenCollection) -> list[VerifiedIndex]:
    """The indexes of every retained generation as verification needs them, the live ones first."""
    return [index for opened in target.retained for index in _indexes(opened)]


def _indexes(opened: OpenGeneration) -> tuple[VerifiedIndex, VerifiedIndex]:
    """Both indexes of a generation."""
    number, tokens = opened.generation.number, opened.generation.passage_tokens
    lexical, vector = opened.lexical, opened.vector
    plain = LexicalWriter(lexical.index)
    cached = CachedEmbedder(opened.embedder, opened.catalog.embeddings)
    fresh = VectorWriter(vector.index, opened.embedder, tokens)
    return (
        VerifiedIndex(
            LEXICAL,
            number,
            lexical.name,
            LexicalHoldings(lexical.index),
            plain,
            plain,
            lexical.applied,
        ),
        VerifiedIndex(
            VECTOR,
            number,
            vector.name,
            VectorHoldings(vector.index, fresh),
            VectorWriter(vector.index, cached, tokens),
            fresh,
            vector.applied,
        ),
    )


def _verify(
    target: OpenCollection, options: VerifyOptions, *, show_bars: bool
) -> list[IndexVerification]:
    with bars(wanted=show_bars) as shown:
        verifier = Verifier(
            target.catalog.documents,
            target.catalog.checkpoints,
            target.name,
            options,
            shown.advance,
        )
        indexes = verified_indexes(target)
        _add_bars(shown, indexes, verifier.rows)
        return [verifier.verify(index) for index in indexes]


def _add_bars(shown: Bars, indexes: Sequence[VerifiedIndex], rows: int) -> None:
    for index in indexes:
        shown.add(index.index_name, f"{index.leg} index {index.generation}", rows)
