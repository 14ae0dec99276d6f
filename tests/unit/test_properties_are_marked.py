"""`make test-properties` finds properties by their mark. Hypothesis marks a test, but not one that has them inside."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def names(function: ast.FunctionDef) -> set[str]:
    """What a function is decorated with."""
    return {ast.unparse(one.func if isinstance(one, ast.Call) else one) for one in function.decorator_list}


def test_a_test_with_a_property_inside_is_marked_as_one() -> None:
    unmarked, marked = set(), set()
    for path in TESTS.rglob("*.py"):
        for outer in ast.parse(path.read_text(encoding="utf-8")).body:
            inner = [one for one in ast.walk(outer) if isinstance(one, ast.FunctionDef) and one is not outer]
            if isinstance(outer, ast.FunctionDef) and any("given" in names(one) for one in inner):
                (marked if "pytest.mark.hypothesis" in names(outer) else unmarked).add(f"{path.stem}.{outer.name}")
    assert unmarked == set()
    assert len(marked) >= 6
