"""What comments and documents refer to is there: decisions by their number, files by their path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
WRITTEN = [
    path
    for pattern in ("*.md", "docs/**/*.md", "lib/**/*", "pages/*.py", "queries/**/*.sql", "migrations/**/*.py")
    for path in sorted(ROOT.glob(pattern))
    if path.suffix in {".md", ".py", ".sql", ".css", ".js", ".yaml"}
]
# A folder below /var is the machine's, not ours.
_PATH = re.compile(r"(?<!/var/)\b(?!docs/decisions/[0-9]{4})(?:lib|tests|queries|pages|docs|migrations)/[\w./-]*\w")
_DECISION = re.compile(r"(?:decisions?[ /]|[(\[])(0[0-9]{3})\b(?!_)")


def missing(path: Path, text: str) -> Iterator[str]:
    """The paths and decisions that a text names and that are not there. A path may go without its ending."""
    for name in _PATH.findall(text):
        if not (ROOT / name).exists() and not list(ROOT.glob(f"{name}.*")):
            yield f"{path.relative_to(ROOT)}: {name}"
    for number in _DECISION.findall(text):
        if not any(decision.name.startswith(number) for decision in DECISIONS):
            yield f"{path.relative_to(ROOT)}: decision {number}"


def test_what_a_text_names_is_there() -> None:
    assert len(WRITTEN) > 500
    assert not [one for path in WRITTEN for one in missing(path, path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name[:4])
def test_a_decision_begins_with_its_number(path: Path) -> None:
    heading = path.read_text(encoding="utf-8").splitlines()[0]
    assert re.fullmatch(rf"# {path.name[:4]} \S.*\w", heading), heading
