"""Imports run one way, and scoring needs no training library."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import dbnchurn

PACKAGE = Path(dbnchurn.__file__).parent
STAGES = {"data", "prepare", "features", "dbn", "decide", "evaluate", "segments"}
# Lowest first. A folder imports itself and folders of earlier lines, never another of its own line.
LAYERS = (
    {"core"},
    {"config"},
    {"dbn", "decide", "evaluate"},
    {"tables"},
    {"report"},
    {"data", "prepare", "features"},
    {"predictor", "segments"},
    {"model"},
    {"exports"},
    {"campaign", "forecast", "graph", "offers", "personas", "portraits"},
    {"runs"},
    {"scoring"},
    {"months"},
    {"spark"},
    {"experiments"},
    {"cli"},
    {"__main__"},
)
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
TRAINING = {
    "torch",
    "sklearn",
    "xgboost",
    "imblearn",
    "empulse",
    "matplotlib",
    "jinja2",
    "lightgbm",
}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
# A package's own list of its parts (a stub, where they are imported when first asked for) is no
# import; what another module takes from the list is an import of the module that defines it.
CONTENTS = {name for name, path in MODULES.items() if path.name == "__init__.py"}


@cache
def parsed(text: str) -> ast.Module:
    """The tree of a module's source, once for all tests: not to be changed."""
    return ast.parse(text)


def tree(path: Path) -> ast.Module:
    return parsed(path.read_text(encoding="utf-8"))


def run_at_once(node: ast.AST) -> Iterator[ast.AST]:
    """A node and what is within it, but for what is not run when a module is imported."""
    yield node
    for child in ast.iter_child_nodes(node):
        typed = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if not typed and not isinstance(child, ast.FunctionDef):
            yield from run_at_once(child)


@cache
def import_statements(module: ast.Module, at_once: bool) -> list[ast.Import | ast.ImportFrom]:
    nodes = run_at_once(module) if at_once else ast.walk(module)
    return [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]


def imported(name: str, at_once: bool = False, modules: dict[str, Path] = MODULES) -> set[str]:
    """Every module that a module imports, anywhere in it or at once; ours by full name.

    Imports within functions and imports for type checkers alone are among them, but for `at_once`.
    """
    found = set()
    for node in import_statements(tree(modules[name]), at_once):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        else:
            assert node.level == 0, f"{name} imports relatively"
            found |= {defining(str(node.module), alias.name, modules) for alias in node.names}
    return found


def defining(module: str, name: str, modules: dict[str, Path]) -> str:
    """The module that ``from module import name`` leads to, through the lists of packages."""
    if f"{module}.{name}" in modules:
        return f"{module}.{name}"
    if module not in modules or modules[module].name != "__init__.py":
        return module
    stub = modules[module].with_suffix(".pyi")
    listed = stub if stub.exists() else modules[module]
    for node in import_statements(tree(listed), at_once=False):
        if isinstance(node, ast.ImportFrom) and name in {a.asname or a.name for a in node.names}:
            own = f"{module}.{node.module}" if node.level else str(node.module)
            return defining(own, name, modules)
    return module


def inside(name: str, at_once: bool = False) -> set[str]:
    return {module for module in imported(name, at_once) if module.split(".")[0] == "dbnchurn"}


def part(name: str) -> str:
    return name.split(".")[1]


def test_every_part_has_its_layer():
    assert {part(name) for name in MODULES if "." in name} == set(RANK)


def test_the_page_on_the_structure_shows_these_layers(root):
    page = (root / "docs" / "structure.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \d+ \| (`.*?`) \|", page, re.M)
    assert [set(re.findall(r"`(\w+)`", row)) for row in rows] == list(LAYERS)


def goes_up_or_sideways(name: str, other: str) -> bool:
    return part(other) != part(name) and RANK[part(other)] >= RANK[part(name)]


def test_imports_go_to_earlier_layers():
    pairs = [(name, other) for name in MODULES if "." in name for other in inside(name)]
    front_door = [f"{name} imports {other}" for name, other in pairs if "." not in other]
    assert not front_door, "the front door, instead of what they need"
    assert not [f"{one} imports {other}" for one, other in pairs if goes_up_or_sideways(one, other)]


def test_the_engine_knows_nothing_of_churn():
    for name in MODULES:
        if name.startswith("dbnchurn.dbn"):
            allowed = {"dbn", "core"}
            assert {part(other) for other in inside(name)} <= allowed, name


def test_of_the_stages_the_predictor_imports_records_alone():
    for name in MODULES:
        if name.startswith("dbnchurn.predictor"):
            stages = {other for other in inside(name) if part(other) in STAGES}
            stages -= {"dbnchurn.dbn.visible"}  # the contract of the visible layer
            assert all("record" in other.rsplit(".", 1)[1] for other in stages), name


def test_no_module_needs_what_windows_lacks():
    lacking = {"fcntl", "resource", "pwd", "grp"}
    assert not [name for name in MODULES if imported(name, at_once=True) & lacking]


def circle(modules: dict[str, Path]) -> list[str]:
    """Modules that import one another in a circle, the first one again at the end; or none."""
    inner = {name for name, path in modules.items() if path.name != "__init__.py"}
    graph = {name: imported(name, modules=modules) & inner for name in inner}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_itself_in_a_circle():
    assert circle(MODULES) == []


@pytest.mark.parametrize(
    "line",
    [
        "from tiny.two import g",
        "import tiny.two",
        "from tiny import g",
        "if TYPE_CHECKING:\n    from tiny.two import g",
        "if TYPE_CHECKING:\n    from tiny import g",
        "def late():\n    from tiny import two",
    ],
)
@pytest.mark.parametrize("lists", ["__init__.pyi", "__init__.py"])
def test_a_circle_is_found_however_it_is_hidden(tmp_path, line, lists):
    modules = {"tiny": "", "tiny.one": f"{line}\nf = 1\n", "tiny.two": "from tiny import f\n"}
    paths = {name: tmp_path / f"{name.split('.')[-1]}.py" for name in modules}
    paths["tiny"] = tmp_path / "__init__.py"
    for name, text in modules.items():
        paths[name].write_text(text)
    (tmp_path / lists).write_text("from .one import f\nfrom .two import g as g\n")
    assert sorted(set(circle(paths))) == ["tiny.one", "tiny.two"]
    paths["tiny.one"].write_text("f = 1\n")
    assert circle(paths) == []


RECORDS = [name for name in MODULES if "record" in name.rsplit(".", 1)[-1]]


def reached(names: list[str]) -> set[str]:
    """All that is imported, one module after another, when `names` are."""
    seen: set[str] = set()
    queue = list(names)
    while queue:
        name = queue.pop()
        if name not in seen:
            seen.add(name)
            queue += [] if name not in MODULES or name in CONTENTS else imported(name)
    return seen


def needs_training(names: list[str]) -> bool:
    return bool({other.split(".")[0] for other in reached(names)} & TRAINING)


def test_records_and_predictor_name_no_training_library():
    names = [*RECORDS, *(name for name in MODULES if name.startswith("dbnchurn.predictor."))]
    assert not needs_training(names), [name for name in names if needs_training([name])]


def run_fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


LOADED = f"print(sorted({TRAINING!r} & {{name.split('.')[0] for name in sys.modules}}))"


def test_a_fresh_process_imports_records_and_predictor_without_training_libraries():
    names = [*RECORDS, *(name for name in MODULES if name.startswith("dbnchurn.predictor"))]
    assert len(names) >= 10
    code = f"import importlib, sys\nfor n in {names!r}: importlib.import_module(n)\n{LOADED}"
    assert run_fresh(code).strip() == "[]"


def test_a_fresh_process_imports_the_predictor_without_libraries_of_tables():
    late = {"pandas", "pyarrow", "scipy", "treelite", "duckdb"}
    code = f"import sys\nfrom dbnchurn import Predictor\nprint(sorted({late!r} & set(sys.modules)))"
    assert run_fresh(code).strip() == "[]"


def test_a_fresh_process_scores_a_file_without_training_libraries(model, customers, tmp_path):
    table, output = tmp_path / "new.csv", tmp_path / "scores.csv"
    customers[0].to_csv(table, index=False)
    arguments = ["score", str(model), str(table), "--output", str(output)]
    code = (
        f"import sys\nfrom dbnchurn.cli import main\ntry: main({arguments!r})\n"
        f"except SystemExit as end: assert not end.code\n{LOADED}"
    )
    assert run_fresh(code).strip().splitlines()[-1] == "[]"
    assert output.exists()
