"""What the evaluation's verbs tell of files that can be used, but are not what they seem to be."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from api.console import note, printable
from relevance_eval.findings import Finding


def tell_findings(findings: Iterable[Finding]) -> None:
    """A line each, beside the result."""
    for finding in findings:
        note(f"warning: {printable(finding.message)}")


def findings_data(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """The same for a program."""
    return [asdict(finding) | {"message": finding.message} for finding in findings]
