"""``tandem verify``."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from api.bootstrap import open_house
from api.collection import OpenCollection
from api.commands.options import AsJson, Collection, ConfigFile, DataDir, settings
from api.commands.search import bring_up_to_date
from api.console import FOUND, PROBLEM, Bars, bars, note, printable, say, say_json
from indexer.findings import Finding, IndexVerification, Kind, Tally
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
    """Compare both indexes with the document log, document by document; mend with --repair.

    First each index applies what it has not yet. Leaves with 0 when both hold what the log says;
    with 1 when something differs, or an index could not be read; with 2 when something given cannot
    be used.
    """
    chosen = settings(config, data_dir, collection)
    options = VerifyOptions(repair=repair, sample=sample, seed=seed)
    with open_house(chosen, "tandem verify", notify=note, create=False) as house:
        target = house.collection(chosen.collection)
        bring_up_to_date(target)
        results, seed_used = _verify(target, options, show_bars=not as_json)
        if as_json:
            say_json(_summary(target, results, seed_used))
        else:
            _tell(target, results, options, seed_used)
    return FOUND if all(result.is_clean for result in results) else PROBLEM


def verified_indexes(target: OpenCollection) -> list[VerifiedIndex]:
    """The indexes of the live generation, as verification needs them."""
    generation, checkpoints = target.generation, target.catalog.checkpoints

    def applied(name: str) -> int:
        checkpoint = checkpoints.read(name)
        return 0 if checkpoint is None else checkpoint.applied

    lexical, vector = target.lexical.index, target.vector.index
    plain = LexicalWriter(lexical)
    cached = CachedEmbedder(target.embedder, target.catalog.embeddings)
    fresh = VectorWriter(vector, target.embedder, generation.passage_tokens)
    return [
        VerifiedIndex(
            LEXICAL,
            generation.number,
            generation.lexical_name,
            LexicalHoldings(lexical),
            plain,
            plain,
            lambda: applied(generation.lexical_name),
        ),
        VerifiedIndex(
            VECTOR,
            generation.number,
            generation.vector_name,
            VectorHoldings(vector, fresh),
            VectorWriter(vector, cached, generation.passage_tokens),
            fresh,
            lambda: applied(generation.vector_name),
        ),
    ]


def _verify(
    target: OpenCollection, options: VerifyOptions, *, show_bars: bool
) -> tuple[list[IndexVerification], int]:
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
        return [verifier.verify(index) for index in indexes], verifier.seed


def _add_bars(shown: Bars, indexes: Sequence[VerifiedIndex], rows: int) -> None:
    for index in indexes:
        shown.add(index.leg, f"{index.leg} index", rows)


def _tell(
    target: OpenCollection,
    results: Sequence[IndexVerification],
    options: VerifyOptions,
    seed: int,
) -> None:
    say(f"{target.name}: {target.catalog.documents.count(target.name):,} documents in the log")
    for result in results:
        _tell_index(result)
    if options.sample:
        say(f"\nthe sample's seed is {seed}")
    _tell_next(results, repaired=options.repair)


def _tell_index(result: IndexVerification) -> None:
    state = "holds what the log says" if result.is_clean else "differs from the log"
    if result.error is not None:
        state = "could not be verified to the end"
    say(
        f"\n{result.leg} index, generation {result.generation}: {state} "
        f"({result.documents:,} compared, {result.sampled:,} of them by content, "
        f"{result.seconds:.1f} s)"
    )
    _tell_tally(result.found)
    if result.left is not None and result.found.total:
        say(f"  {'mended':<11}{result.found.total - result.left.total:>9,}")
    if result.remaining and result.left is not None:
        say("  what could not be mended:")
        _tell_tally(result.left)
    for name, count, meaning in _asides(result):
        if count:
            say(f"  {name:<11}{count:>9,}  {meaning}")
    if result.error is not None:
        note(f"error: {printable(str(result.error))}")
        if result.error.hint:
            note(f"  next: {printable(result.error.hint)}")


def _tell_tally(tally: Tally) -> None:
    for kind in Kind:
        count, examples = tally.counts[kind], tally.examples.get(kind, [])
        if count:
            say(f"  {kind:<11}{count:>9,}")
        for example in examples:
            say(f"    {printable(example.document_id)}: {printable(example.detail)}")
        if count > len(examples):
            say(f"    and {count - len(examples):,} more")


def _asides(result: IndexVerification) -> list[tuple[str, int, str]]:
    return [
        ("accepted", result.accepted, "refused before, taken now"),
        ("refused", result.refused, "the index cannot take them: see tandem status"),
        ("behind", result.behind, "not applied yet"),
        ("unsettled", result.unsettled, "changed too fast to be judged"),
    ]


def _tell_next(results: Sequence[IndexVerification], *, repaired: bool) -> None:
    stubborn = [result.index_name for result in results if result.remaining]
    if stubborn and repaired:
        say(f"next: delete the folder of {', '.join(stubborn)}; it is built again from the log")
    elif stubborn:
        say("next: tandem verify --repair")
    elif any(result.behind for result in results):
        say("next: tandem verify again; it applies first what an index has not yet")


def _summary(
    target: OpenCollection, results: Sequence[IndexVerification], seed: int
) -> dict[str, Any]:
    return {
        "collection": target.name,
        "release": target.release.number,
        "seed": seed,
        "clean": all(result.is_clean for result in results),
        "indexes": [_index_summary(result) for result in results],
    }


def _index_summary(result: IndexVerification) -> dict[str, Any]:
    error = result.error
    return {
        "leg": result.leg,
        "generation": result.generation,
        "index": result.index_name,
        "clean": result.is_clean,
        "head": result.head,
        "documents": result.documents,
        "held": result.held,
        "sampled": result.sampled,
        "refused": result.refused,
        "accepted": result.accepted,
        "behind": result.behind,
        "unsettled": result.unsettled,
        "found": _tally(result.found),
        "left": None if result.left is None else _tally(result.left),
        "seconds": round(result.seconds, 3),
        "error": None
        if error is None
        else {"code": error.code, "message": printable(str(error)), "hint": printable(error.hint)},
    }


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        str(kind): {
            "count": tally.counts[kind],
            "examples": [_example(example) for example in tally.examples.get(kind, ())],
        }
        for kind in Kind
    }


def _example(example: Finding) -> dict[str, str]:
    return {
        "document_id": printable(example.document_id),
        "detail": printable(example.detail),
    }
