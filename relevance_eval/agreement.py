"""Whether judgments, runs and a collection speak of the same queries and documents."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from relevance_eval.compact import documents_of
from relevance_eval.findings import Finding, Findings
from tandem.judgments import Qrels, Run


def mismatches(
    qrels: Qrels,
    runs: Mapping[str, Run],
    texts: Mapping[str, str] | None = None,
    known_ids: AbstractSet[str] | None = None,
) -> tuple[Finding, ...]:
    """What does not go together: each run with the judgments, these with the ``texts`` of queries
    and the documents that there are, where they are given. Nothing of it changes a measure.
    """
    listed = Findings("judgments")
    if texts is not None:
        listed.add_all("query_without_text", (repr(name) for name in qrels if name not in texts))
    if known_ids is not None:
        for query_id, grades in qrels.items():
            unknown = (name for name in grades if name not in known_ids)
            listed.add_all("unknown_document", (f"{query_id!r} {name!r}" for name in unknown))
    found = listed.found()
    for name, run in runs.items():
        found += _against(name, run, qrels)
    return found


def _against(name: str, run: Run, qrels: Qrels) -> tuple[Finding, ...]:
    findings = Findings(f"run {name}")
    for query_id, grades in qrels.items():
        if query_id not in run:
            findings.add("query_without_answer", repr(query_id))
        elif not any(grades.get(name) is not None for name in documents_of(run, query_id)):
            findings.add("nothing_judged", repr(query_id))
    aside = (query_id for query_id in run if query_id not in qrels)
    findings.add_all("answer_without_judgments", map(repr, aside))
    return findings.found()
