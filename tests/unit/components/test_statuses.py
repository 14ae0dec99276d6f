"""Each state that `lib` knows has one look, in one table, and can be told from the page behind it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from streamlit.material_icon_names import ALL_MATERIAL_ICONS

from lib.catalog import entries
from lib.catalog import system as system_catalog
from lib.ui.catalog import cards, catalog_filters
from lib.ui.components import statuses
from lib.ui.components.statuses import HEX, Color, Look, Looks
from lib.ui.components.url_parameters import Choice
from tests.unit.components.test_theme import THEME, contrast, rgb

ROOT = Path(__file__).resolve().parents[3]
TABLES: dict[str, Looks] = {name: value for name, value in vars(statuses).items() if isinstance(value, Looks)}
KNOWN = [frozenset(table) for table in TABLES.values()]
#: Names under which modules keep a state: fields, parameters, and types of their own.
STATES = re.compile(r"status|state|origin|outcome|severity|source", re.IGNORECASE)
#: States that nobody is shown.
UNSEEN = {
    frozenset({"running", "external", "down"}),
    frozenset({"starting", "ready", "gone", "halted"}),  # of the embedded server: pages say whether it answers
    frozenset({"open", "ended", "expired", "idle"}),  # of a sign-in: whoever is out sees a page that says why
}


def literals() -> Iterator[tuple[str, frozenset[str]]]:
    """Every Literal of texts that the name beside it calls a state, in all of lib but its UI."""
    for path in sorted((ROOT / "lib").rglob("*.py")):
        if (ROOT / "lib" / "ui") in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name, hint = "", None
            if isinstance(node, ast.AnnAssign):
                name, hint = ast.unparse(node.target), node.annotation
            elif isinstance(node, ast.Assign):
                name, hint = ast.unparse(node.targets[0]), node.value
            elif isinstance(node, ast.arg):
                name, hint = node.arg, node.annotation
            if isinstance(hint, ast.Subscript) and ast.unparse(hint.value) == "Literal" and STATES.search(name):
                values = ast.literal_eval(hint.slice)
                yield f"{path.relative_to(ROOT)}: {name}", frozenset([values] if isinstance(values, str) else values)


def checks() -> Iterator[tuple[str, frozenset[str]]]:
    """Every list of states that the database keeps."""
    for path in sorted((ROOT / "migrations" / "versions").glob("*.py")):
        for name, listed in re.findall(r"CHECK \((\w+) IN \(('[^)]*')\)\)", path.read_text(encoding="utf-8")):
            if STATES.search(name) and name != "validation_status":
                yield f"{path.name}: {name}", frozenset(re.findall(r"'([^']+)'", listed))


FOUND = [*literals(), *checks()]


def test_the_search_finds_states() -> None:
    assert len(FOUND) > 15
    kinds = (statuses.RUN, statuses.STEP, statuses.EVENT, statuses.ENTRY)
    assert {values for _, values in FOUND} >= {frozenset(kind) for kind in kinds}


@pytest.mark.parametrize(("where", "values"), FOUND, ids=[where for where, _ in FOUND])
def test_every_state_of_lib_has_a_look(where: str, values: frozenset[str]) -> None:
    assert values in UNSEEN or any(values <= known for known in KNOWN), f"{where}: no table has all of {sorted(values)}"


def test_a_state_that_is_new_looks_neutral() -> None:
    new = statuses.ENTRY["of_tomorrow"]
    assert (new.word, new.color) == ("Of tomorrow", "gray")
    assert "of_tomorrow" not in statuses.ENTRY, "asking for it adds nothing to choose from"


def test_the_choices_are_those_of_lib_in_its_order() -> None:
    assert tuple(statuses.ENTRY) == entries.ENTRY_STATUSES
    assert get_args(entries.EntryStatus) == entries.ENTRY_STATUSES


def test_a_status_that_lib_adds_is_complete_without_a_line_in_its_table() -> None:
    archived = Look("Archived", "orange", "archive")
    table = Looks.of(["new", "end_of_life", "archived"], archived=archived)
    assert tuple(table) == ("new", "end_of_life", "archived") and table["archived"] is archived
    assert [*table.by_word] == ["New", "End of life", "Archived"]
    assert table["end_of_life"].color == "gray"


def test_a_look_of_a_status_that_lib_no_longer_knows_stays_in_sight() -> None:
    assert tuple(Looks.of(["new"], gone=Look("Gone", "red", "close"))) == ("new", "gone")


def test_the_filter_of_the_catalog_says_the_words_of_the_looks() -> None:
    (choice,) = (one for one in catalog_filters.FILTERS.filters if one.key == "status")
    assert isinstance(choice, Choice)
    words = {status: look.word for status, look in statuses.ENTRY.items()}
    assert choice.options == {"all": choice.placeholder, **words}


LOOKS = [pytest.param(look, id=f"{name}-{state}") for name, table in TABLES.items() for state, look in table.items()]


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_can_be_drawn(look: Look) -> None:
    assert look.icon in ALL_MATERIAL_ICONS
    assert look.color in get_args(Color) and look.hex == HEX[look.color]
    assert look.badge() == f":{look.color}-badge[:material/{look.icon}: {look.word}]"


@pytest.mark.parametrize("category", sorted({event.category for event in system_catalog.read()}))
def test_each_category_of_the_system_has_an_icon_of_its_own(category: str) -> None:
    icon = cards.category_icon(category)
    assert icon != cards.category_icon("a category of a tenant's own")
    assert icon.removeprefix(":material/").removesuffix(":") in ALL_MATERIAL_ICONS


@pytest.mark.parametrize(("name", "table"), TABLES.items(), ids=list(TABLES))
def test_no_two_states_of_a_kind_read_alike(name: str, table: Looks) -> None:
    assert len(table.by_word) == len(table), name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("color", HEX)
def test_a_bar_stands_out_from_the_page(color: Any, scheme: str) -> None:
    for behind in (THEME[scheme]["backgroundColor"], THEME[scheme]["secondaryBackgroundColor"]):
        assert contrast(rgb(HEX[color]), rgb(behind)) >= 3


def test_nobody_else_keeps_a_table_of_looks() -> None:
    """A table is a dict with two colours or more; colours of things that are no states are named here."""
    names = "|".join(get_args(Color))
    colors = re.compile(rf"^(?:{names})$|:(?:{names})(?:-badge)?\[|#[0-9a-f]{{6}}")
    allowed = {("diagram.py", "_LIGHT"), ("diagram.py", "_DARK"), ("charts.py", "_PERCENTILE_COLORS")}
    found = []
    paths = {*(ROOT / "lib" / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")} - {Path(statuses.__file__)}
    for path in sorted(paths):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {id(n.value): ast.unparse(n.targets[0]) for n in ast.walk(tree) if isinstance(n, ast.Assign)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Dict) or (path.name, named.get(id(node))) in allowed:
                continue
            texts = [t.value for v in node.values for t in ast.walk(v) if isinstance(t, ast.Constant)]
            if sum(isinstance(text, str) and bool(colors.search(text)) for text in texts) > 1:
                found.append(f"{path.name}:{node.lineno}")
    assert not found
