"""Rules of the code base that no reader should have to check by eye."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.database import named_queries

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(p for p in (ROOT / "pages").glob("*.py") if p.name != "shell.py")
MODULES = sorted((ROOT / "lib").rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Dotted names of what a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def under(path: Path, *names: str) -> set[str]:
    """Those imports of the module that are, or lie in, one of the names."""
    return {i for i in imports(path) for n in names if i == n or i.startswith(f"{n}.")}


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_pages_know_neither_sql_nor_driver(path: Path) -> None:
    assert not under(path, "sqlalchemy", "psycopg", "dbos")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler)], "errors are shown by the guard"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_page_begins_with_its_guard(path: Path) -> None:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    first = next(n for n in body[1:] if not isinstance(n, ast.Import | ast.ImportFrom))
    assert ast.unparse(first) == "actor = guard.require_entry()"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_every_page_is_reachable_through_the_shell_only(path: Path) -> None:
    assert f'"{path.name}"' in (ROOT / "pages" / "shell.py").read_text(encoding="utf-8")


def test_pages_and_modules_stay_short() -> None:
    limits = [(path, 120) for path in PAGES] + [(path, 400) for path in MODULES]
    long = {str(p.relative_to(ROOT)): n for p, limit in limits if (n := len(p.read_text().splitlines())) > limit}
    assert not long


def test_functions_stay_short() -> None:
    lengths = {
        f"{path.relative_to(ROOT)}: {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in [*PAGES, *MODULES]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert len(lengths) > 500
    assert {name: n for name, n in lengths.items() if n > 40} == {}


@pytest.mark.parametrize(("folder", "most"), [("lib", 24), ("lib/ui", 12)])
def test_a_folder_can_be_read_at_a_glance(folder: str, most: int) -> None:
    names = {path.name for path in (ROOT / folder).iterdir() if path.name != "__pycache__"}
    assert len(names) <= most, sorted(names)


def callbacks(path: Path) -> Iterator[ast.expr]:
    """What a module hands over as on_click, on_change and the like: as keywords, or as a dict of keywords."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.keyword) and (node.arg or "").startswith("on_"):
            yield node.value
        elif isinstance(node, ast.Dict):
            named = ((ast.unparse(key), value) for key, value in zip(node.keys, node.values, strict=True) if key)
            yield from (value for key, value in named if key.startswith("'on_"))


def test_no_widget_takes_a_raw_callback() -> None:
    """Streamlit runs callbacks before the page and outside its guard: an error there would blank the page."""
    guarded, raw = 0, []
    for path in [*(ROOT / "lib" / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]:
        known = {
            f"{name}.callback" for name in ("guard", "presses") if f"lib.ui.components.{name}" in set(imports(path))
        }
        for value in callbacks(path):
            if isinstance(value, ast.Constant):
                continue  # "rerun", "ignore" and None run nothing
            if isinstance(value, ast.Call) and ast.unparse(value.func) in known:
                guarded += 1
            else:
                raw.append(f"{path.relative_to(ROOT)}:{value.lineno}: {ast.unparse(value)}")
    assert not raw
    assert guarded > 60


def test_no_fragment_or_dialog_is_drawn_again_unasked() -> None:
    """Streamlit draws them again without the page's top, where it is asked who is looking."""
    assert makers("st.fragment") == ["guard.py", "guard.py"]  # the second waits for the database


def test_every_dialog_is_kept_open_in_one_way() -> None:
    """Streamlit closes a dialog with the next run of the page, as after a lost connection; `dialogs` draws it again."""
    assert makers("st.dialog") == ["dialogs.py"]


def test_every_dialog_ends_with_the_same_buttons() -> None:
    """At its right, Cancel before the other, by `Dialog.draw_acts`."""
    drawn = {}
    for path in (ROOT / "lib" / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            if any("dialogs.dialog(" in ast.unparse(one) for one in node.decorator_list):
                calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
                drawn[f"{path.stem}.{node.name}"] = {ast.unparse(one.func) for one in calls}
    assert len(drawn) > 15
    own = {"st.button", "st.form_submit_button"}
    assert {name: calls & own for name, calls in drawn.items() if calls & own} == {
        "unknown_events._open": {"st.button"}
    }


def makers(name: str) -> list[str]:
    """The modules that draw which say this name, once for each time."""
    return [
        path.name
        for path in [*(ROOT / "lib" / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and ast.unparse(node) == name)
        or (isinstance(node, ast.ImportFrom) and node.module == "streamlit" and f"st.{node.names[0].name}" == name)
    ]


def test_only_one_function_draws_a_link_to_a_page() -> None:
    """It names the tenant, so that a copied link opens in the right one."""
    drawn = [
        path.name
        for path in [*(ROOT / "lib" / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "page_link" and ast.unparse(node) != "links.page_link"
    ]
    assert drawn == ["links.py"]


@pytest.mark.parametrize("path", sorted((ROOT / "lib" / "ui").rglob("*.js")), ids=lambda path: path.name)
def test_scripts_of_ours_make_nodes_of_text_alone(path: Path) -> None:
    """What they draw was written by strangers: none of it may be read as markup or as code."""
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser"
    assert not re.findall(rf"{markup}|\beval\b|new Function", path.read_text(encoding="utf-8"))


def test_what_is_drawn_runs_no_script() -> None:
    """Scripts of ours stand in the document; markup that a page draws may have none."""
    sources = [*MODULES, *PAGES]
    assert not [path.name for path in sources if "unsafe_allow_javascript" in path.read_text(encoding="utf-8")]


def test_only_transactions_set_a_tenant() -> None:
    for path in [*MODULES, *(ROOT / "queries").rglob("*.sql"), *(ROOT / "migrations").rglob("*.py")]:
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"SET app\.|set_config\('app\.[^)]*false\)", source), path


def test_no_cached_function_reads_a_tenants_data_without_naming_the_tenant() -> None:
    allowed = {"_memberships"}  # everyone of every tenant, on purpose
    for path in [*(ROOT / "lib" / "ui").rglob("*.py"), *PAGES]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or node.name in allowed:
                continue
            if any("cache_" in ast.unparse(d) for d in node.decorator_list):
                names = {a.arg for a in [*node.args.args, *node.args.kwonlyargs]}
                assert names & {"tenant", "actor", "schema"}, f"{path.name}: {node.name}"


def test_pages_keep_nothing_for_longer_than_a_second() -> None:
    for path in [*(ROOT / "lib" / "ui").rglob("*.py"), *PAGES]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or node.name == "_conformance":  # its schemas are in its key
                continue
            for said in (ast.unparse(d) for d in node.decorator_list):
                assert "cache_" not in said or said.startswith("st.cache_data(ttl=kept.SECONDS"), f"{path}: {node.name}"


def test_no_library_is_hidden_from_git() -> None:
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "lib/" not in lines and "lib" not in lines


def _subscripts_of_queries(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "queries":
            yield node.slice


def _names_read(path: Path) -> re.Pattern[str]:
    """The names of statements that a module reads: its texts, and f-strings in `queries[…]` with gaps in them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    read = {re.escape(n.value) for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    for asked in _subscripts_of_queries(tree):
        if isinstance(asked, ast.JoinedStr):
            parts = (re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z_]*" for p in asked.values)
            read.add("".join(parts))
    return re.compile("|".join(read))


def test_each_file_of_queries_is_read_by_the_module_of_its_name_alone() -> None:
    owners: dict[Path, Path] = {}
    for module in MODULES:
        source = module.read_text(encoding="utf-8")
        given = {ast.unparse(call.args[0]) for call in _calls(ast.parse(source), "named_queries.of")}
        assert given <= {"__name__"}, f"{module} reads the statements of another module"
        foreign = [n for n in re.findall(r"\b([\w.]+)\.queries\[", source) if n != "self"]
        assert not foreign, f"{module} runs statements of {foreign}"
        if given:
            parts = module.relative_to(ROOT / "lib").with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            owners[ROOT.joinpath("queries", *(parts if len(parts) > 1 else parts * 2)).with_suffix(".sql")] = module
    assert owners.keys() == set((ROOT / "queries").rglob("*.sql"))
    for path, module in owners.items():
        read = _names_read(module)
        unused = [name for name in named_queries.parse(path) if not read.fullmatch(name)]
        assert not unused, f"{module} does not read {unused} of {path.name}"


def _calls(tree: ast.AST, name: str) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == name]


def test_a_class_or_a_type_has_a_name_of_its_own() -> None:
    """Whoever searches for one finds one. Private names are their module's."""
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            named = isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Literal[")
            name = node.name if isinstance(node, ast.ClassDef) else ast.unparse(node.targets[0]) if named else "_"
            if not name.startswith("_"):
                places.setdefault(name, []).append(str(path.relative_to(ROOT)))
    assert len(places) > 100
    assert not {name: found for name, found in places.items() if len(found) > 1}


def test_only_one_door_lets_a_person_change_a_schema_of_the_catalog() -> None:
    """Whoever changes what an event carries has to be told which workflows break, so one module does it."""
    writes = re.compile(
        r"(INSERT INTO|UPDATE|DELETE FROM)\s+"
        r"((system_)?payload_schemas|(system_)?event_catalog|catalog_entries|registered_schemas)\b"
    )
    queries = ROOT / "queries"
    found = {str(p.relative_to(queries)) for p in queries.rglob("*.sql") if writes.search(p.read_text("utf-8"))}
    released = {"catalog/system.sql", "catalog/schema_registry.sql", "demo/definitions.sql"}
    assert found - released == {"catalog/own_entries.sql"}
    statements = named_queries.parse(queries / "catalog" / "own_entries.sql")
    writing = {name for name, statement in statements.items() if writes.search(str(statement))}
    calls = re.compile(rf"own_entries\.({'|'.join(writing)})\(")
    users = {str(p.relative_to(ROOT / "lib")): set(calls.findall(p.read_text("utf-8"))) for p in MODULES}
    assert {path: names for path, names in users.items() if names} == {
        "workflows/own_events.py": writing - {"remove_deleted"},
        "operations/upkeep.py": {"remove_deleted"},
    }


def test_a_module_has_the_statements_that_it_names() -> None:
    """A name that is not there is found when the line runs, which may be the day a worker is stopped."""
    from lib.database import named_queries

    for path in (ROOT / "queries").rglob("*.sql"):
        module = ROOT / "lib" / path.relative_to(ROOT / "queries").with_suffix("")
        places = (module.with_suffix(".py"), module / "__init__.py", module.parent / "__init__.py")
        tree = ast.parse(next(p for p in places if p.exists()).read_text(encoding="utf-8"))
        keys = [n.slice for n in ast.walk(tree) if isinstance(n, ast.Subscript) and ast.unparse(n.value) == "queries"]
        named = {key.value for key in keys if isinstance(key, ast.Constant)}
        known = named_queries.parse(path).keys()
        assert named <= known, path
        is_chosen_by_name = any(not isinstance(key, ast.Constant) for key in keys)
        assert is_chosen_by_name or named == known, f"{path} has a statement that nobody uses"
