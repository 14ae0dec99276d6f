"""README's picture of the packages is the one that the imports draw, and its table of rows has all of them."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[2]


def package_imports() -> dict[str, set[str]]:
    """For each package or module right below lib, those that it imports itself."""
    graph = grimp.build_graph("lib", cache_dir=None)
    found: dict[str, set[str]] = {name.removeprefix("lib."): set() for name in graph.find_children("lib")}
    commands = {"lib.auth.__main__", "lib.catalog.__main__"}  # which bring up what lies above them
    for module in graph.modules - {"lib"} - commands:
        package = module.split(".")[1]
        imported = {name.split(".")[1] for name in graph.find_modules_directly_imported_by(module) if "." in name}
        found[package] |= imported - {package}
    return found


def reached(imports: dict[str, set[str]], package: str) -> set[str]:
    """All packages that the package imports, directly or through others."""
    direct = imports[package]
    return direct.union(*(reached(imports, one) for one in direct))


def test_the_picture_shows_the_imports_between_packages() -> None:
    imports = package_imports()
    # An arrow that others lead along anyway would only be in the way.
    needed = {
        (package, one)
        for package, direct in imports.items()
        for one in direct
        if not any(one in reached(imports, other) for other in direct - {one})
    }
    picture = re.search(r"```mermaid\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert picture
    drawn = set()
    for line in picture[1].splitlines():
        names = [part.strip().split(" & ") for part in line.split("-->")]
        drawn |= {(a, b) for left, right in pairwise(names) for a in left for b in right}
    assert drawn == needed


def test_the_table_of_rows_has_every_page_and_package() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").split("| Row |")[1].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    pages, ui, packages, queries = ({name for row in rows for name in row[n].split(", ")} - {"–"} for n in range(1, 5))
    assert pages == {path.stem for path in (ROOT / "pages").glob("*.py")}
    assert ui == folders(ROOT / "lib" / "ui") - {"assets"}
    modules = {path.stem for path in (ROOT / "lib").glob("*.py")} - {"__init__"}
    assert packages == folders(ROOT / "lib") - {"ui"} | modules
    assert queries == folders(ROOT / "queries")


def folders(path: Path) -> set[str]:
    return {child.name for child in path.iterdir() if child.is_dir() and child.name != "__pycache__"}
