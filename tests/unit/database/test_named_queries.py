"""Query files are loaded strictly: what is malformed fails at once, with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib.database import named_queries
from lib.errors import QueryFileError


def parsed(tmp_path: Path, content: str) -> dict[str, str]:
    path = tmp_path / "x.sql"
    path.write_text(content, encoding="utf-8")
    return named_queries.parse(path)


def test_statements_by_name_without_comments(tmp_path: Path) -> None:
    content = (
        "-- name: one\n-- First.\nSELECT 1 -- :not a parameter\n\n-- name: two\n-- Second.\nSELECT ':a -- b;' AS x;\n"
    )
    assert parsed(tmp_path, content) == {"one": "SELECT 1", "two": "SELECT ':a -- b;' AS x"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("-- name: a\n-- P.\nSELECT 1\n-- name: a\n-- P.\nSELECT 2", r"x.sql:4: the name a is used twice"),
        ("-- name: a\n-- P.\n\n", r"x.sql:1: a has no statement"),
        ("-- name: a\n-- P.\n-- only words", r"x.sql:1: a has no statement"),
        ("-- name: a\n-- P.\nSELECT 1,\n :x::text", r"x.sql:4: write CAST\(:x AS type\)"),
        ("-- name: a\nSELECT 1", r"x.sql:1: a lacks the comment line"),
        ("-- name: a\n-- P.\nSELECT 1; SELECT 2", r"x.sql:1: a holds more than one statement"),
        ("-- name: A b\n-- P.\nSELECT 1", r"x.sql:1|no statement"),
        ("-- name:\n-- P.\nSELECT 1", r"x.sql:1: a name is lower-case words"),
        ("SELECT 1\n-- name: a\n-- P.\nSELECT 1", r"x.sql:1: SQL before the first"),
        ("", r"x.sql:1: no statement in this file"),
        ("-- part: p\n-- P.\n1", r"x.sql:1: no statement has the part p"),
        ("-- part: p\n-- P.\n1\n-- name: a\n-- P.\nSELECT 1", r"x.sql:1: no statement has the part p"),
        ("-- name: a\n-- P.\nSELECT {p}", r"x.sql:1: a cannot have the part p in it"),
        ("-- name: a\n-- P.\nSELECT 1\n-- name: b\n-- P.\nSELECT {a}", r"x.sql:4: b cannot have the part a in it"),
        ("-- part: p\n-- P.\n{p}\n-- name: a\n-- P.\nSELECT {p}", r"x.sql:1: p cannot have the part p in it"),
        ("-- part: p\n1\n-- name: a\n-- P.\nSELECT {p}", r"x.sql:1: p lacks the comment line"),
        ("-- part: a\n-- P.\n1\n-- name: a\n-- P.\nSELECT {a}", r"x.sql:4: the name a is used twice"),
    ],
)
def test_malformed_files_are_refused_with_file_and_line(tmp_path: Path, content: str, problem: str) -> None:
    with pytest.raises(QueryFileError, match=problem):
        parsed(tmp_path, content)


def test_a_cast_inside_a_string_or_comment_is_no_cast(tmp_path: Path) -> None:
    content = "-- name: a\n-- P.\nSELECT 'x :y::z' -- :x::text\n"
    assert parsed(tmp_path, content) == {"a": "SELECT 'x :y::z'"}


def test_a_part_stands_wherever_it_is_named(tmp_path: Path) -> None:
    content = (
        "-- part: one\n-- One.\na = :a -- {nothing}\n\n-- name: x\n-- X.\nSELECT '{}' WHERE {two}\n\n"
        "-- part: two\n-- Two.\n({one} AND b)\n\n-- name: y\n-- Y.\nSELECT 1 WHERE {one}\n"
    )
    assert parsed(tmp_path, content) == {"x": "SELECT '{}' WHERE (a = :a AND b)", "y": "SELECT 1 WHERE a = :a"}
