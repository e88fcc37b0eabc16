"""Measure how the package is built: sizes, cycles, docstrings, imports, installation, suite.

    python scripts/measure_structure.py [--write docs/structure.md] [--suite | --junit FILE]

Prints a Markdown table, and what is larger than the project aims at. `--write` puts both between
the two markers of a page. `--junit` reads the seconds of the suite from a report that
``pytest --junit-xml FILE`` wrote; `--suite` runs the suite for it.
"""

from __future__ import annotations

import argparse
import ast
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

ROOT = Path(__file__).parents[1]
PACKAGE = "dbnchurn"
MODULE_MEDIAN, MODULE_MOST = 200, 450
FUNCTION_MEDIAN, FUNCTION_P90, FUNCTION_MOST = 12, 40, 50
IMPORTS = {
    "dbnchurn": "import dbnchurn",
    "dbnchurn.Predictor": "from dbnchurn import Predictor",
    "dbnchurn.cli": "import dbnchurn.cli",
}
START, END = "<!-- measured: start -->", "<!-- measured: end -->"
Node = ast.FunctionDef | ast.AsyncFunctionDef
Row = tuple[str, str, str]


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name, its lines and its tree.

    `contents` are the public names of a package, by the module and name that define them.
    """

    name: str
    lines: int
    tree: ast.Module
    is_package: bool
    contents: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Function:
    """One function or method: `whole` lines, and `code` lines.

    `code` counts the body without its docstring, and one line for the signature however it is
    wrapped. A function within another counts in both.
    """

    name: str
    whole: int
    code: int


def modules(root: Path = ROOT) -> list[Module]:
    """Every module of the package."""
    found = []
    for path in sorted((root / PACKAGE).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        parts = path.relative_to(root).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        tree = ast.parse(text)
        stub = path.with_suffix(".pyi")
        lazy = is_package and stub.exists()
        listed = ast.parse(stub.read_text(encoding="utf-8")) if lazy else tree
        contents = contents_of(name, listed, lazy) if is_package else {}
        found.append(Module(name, len(text.splitlines()), tree, is_package, contents))
    return found


def contents_of(package: str, tree: ast.Module, lazy: bool) -> dict[str, tuple[str, str]]:
    """What a package lists in ``__all__`` or, where its names are imported late, in its stub."""
    public = None if lazy else set(_all_of(tree))
    return {
        alias.asname or alias.name: (
            f"{package}.{node.module}" if node.level else str(node.module),
            alias.name,
        )
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if public is None or (alias.asname or alias.name) in public
    }


def functions(module: Module) -> Iterator[Function]:
    """Every function of a module, methods and inner functions included."""

    def visit(node: ast.AST, outer: str) -> Iterator[Function]:
        for child in ast.iter_child_nodes(node):
            name = f"{outer}.{child.name}" if isinstance(child, Node | ast.ClassDef) else outer
            if isinstance(child, Node):
                yield Function(name, *lengths(child))
            yield from visit(child, name)

    yield from visit(module.tree, module.name)


def lengths(function: Node) -> tuple[int, int]:
    """Lines of a function from ``def`` to its end, and of its code alone."""
    last = function.end_lineno or function.lineno
    whole = last - function.lineno + 1
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not body:
        return whole, 1
    first = max(body[0].lineno, function.lineno + 1)
    return whole, 1 + max(0, last - first + 1)


def docstring_lines(module: Module) -> int:
    """Lines of all docstrings of a module."""
    kinds = ast.Module | ast.ClassDef | Node
    first = [
        node.body[0] for node in ast.walk(module.tree) if isinstance(node, kinds) and docs(node)
    ]
    return sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in first)


def docs(node: ast.AST) -> str:
    """The docstring of a module, class or function."""
    assert isinstance(node, ast.Module | ast.ClassDef | Node)
    return ast.get_docstring(node) or ""


def imports(module: Module, by_name: dict[str, Module], *, anywhere: bool) -> set[str]:
    """Modules of the package that a module imports when it is imported, or `anywhere` in it.

    Anywhere: in its functions, and under ``if TYPE_CHECKING`` too. What is imported from a package
    counts as an import of the module that defines it.
    """

    def visit(node: ast.AST) -> Iterator[str]:
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if (for_types or isinstance(node, Node)) and not anywhere:
            return
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield defining(str(node.module), alias.name, by_name)
        for child in ast.iter_child_nodes(node):
            yield from visit(child)

    return {name for name in visit(module.tree) if name in by_name}


def defining(module: str, name: str, by_name: dict[str, Module]) -> str:
    """The module that ``from module import name`` leads to, through the lists of packages."""
    if f"{module}.{name}" in by_name:
        return f"{module}.{name}"
    listed = by_name[module].contents if module in by_name else {}
    return defining(*listed[name], by_name) if name in listed else module


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import one another in a circle."""
    place = {name: j for j, name in enumerate(graph)}
    edges = [(place[a], place[b]) for a, others in graph.items() for b in others]
    rows, columns = np.array(edges, np.int64).reshape(-1, 2).T
    matrix = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(graph), len(graph)))
    _, group = connected_components(matrix, connection="strong")
    members: dict[int, list[str]] = {}
    for name, j in place.items():
        members.setdefault(int(group[j]), []).append(name)
    return [names for names in members.values() if len(names) > 1 or names[0] in graph[names[0]]]


def exported(found: list[Module]) -> list[tuple[str, ast.AST]]:
    """Classes and functions that some package exports, where they are defined."""
    by_name = {module.name: module for module in found}
    names = []
    for package in found:
        for name, (module, defined_as) in package.contents.items():
            if module in by_name:
                place = defining(module, defined_as, by_name)
                names += _defined(by_name[place].tree, place, name)
    return sorted(dict(names).items())


def _all_of(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


def _defined(tree: ast.Module, module: str, name: str) -> list[tuple[str, ast.AST]]:
    return [
        (f"{module}.{name}", node)
        for node in tree.body
        if isinstance(node, Node | ast.ClassDef) and node.name == name
    ]


def public(found: list[Module]) -> list[tuple[str, ast.AST]]:
    """Classes and functions at the top of a module, without a leading underscore."""
    return [
        (f"{module.name}.{node.name}", node)
        for module in found
        for node in module.tree.body
        if isinstance(node, Node | ast.ClassDef) and not node.name.startswith("_")
    ]


def documented(names: list[tuple[str, ast.AST]]) -> tuple[int, int]:
    """How many have a docstring, and how many one with an example that runs as a doctest."""
    shown = sum(any(">>>" in text for text in _all_docs(node)) for _, node in names)
    return sum(bool(docs(node)) for _, node in names), shown


def _all_docs(node: ast.AST) -> list[str]:
    """The docstring of a function, or those of a class and its methods."""
    methods = node.body if isinstance(node, ast.ClassDef) else []
    return [docs(node), *(docs(child) for child in methods if isinstance(child, Node))]


def import_seconds(statement: str, repeats: int = 5) -> float:
    """Median processor seconds of an import in fresh processes, whatever else the machine does."""
    code = f"import time\ns = time.process_time()\n{statement}\nprint(time.process_time() - s)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def once() -> float:
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return float(done.stdout)

    return statistics.median(once() for _ in range(repeats))


def closure(requirements: list[str]) -> dict[str, Distribution]:
    """The installed distributions that requirements bring, and theirs in turn."""
    found: dict[str, Distribution] = {}
    queue = [Requirement(line) for line in requirements]
    seen = set()
    while queue:
        wanted = queue.pop()
        extras = ["", *sorted(wanted.extras)]
        key = (canonicalize_name(wanted.name), *extras)
        if key in seen:
            continue
        seen.add(key)
        try:
            here = distribution(wanted.name)
        except PackageNotFoundError:
            raise SystemExit(f"{wanted.name} is not installed, so its size is not known") from None
        found[canonicalize_name(wanted.name)] = here
        for line in here.requires or ():
            inner = Requirement(line)
            if inner.marker is None or any(inner.marker.evaluate({"extra": e}) for e in extras):
                queue.append(inner)
    return found


def installed_bytes(found: dict[str, Distribution]) -> dict[str, int]:
    """Bytes of the files that each distribution's RECORD lists, compiled modules left out."""

    def size(here: Distribution) -> int:
        files = [Path(str(here.locate_file(f))) for f in here.files or () if f.suffix != ".pyc"]
        return sum(file.stat().st_size for file in files if file.exists())

    return {name: size(here) for name, here in found.items()}


def run_suite(report: Path) -> None:
    """Run every test as ``make test`` does, into a junit report."""
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile"]
    done = subprocess.run([*command, f"--junit-xml={report}"], cwd=ROOT)
    if done.returncode:
        raise SystemExit("the suite failed, so its time says nothing")


def suite_row(report: Path) -> Row:
    """Tests and seconds of a junit report."""
    suites = ElementTree.parse(report).getroot().iter("testsuite")
    tests, skipped, seconds = 0, 0, 0.0
    for suite in suites:
        tests += int(suite.get("tests", 0))
        skipped += int(suite.get("skipped", 0))
        seconds += float(suite.get("time", 0))
    return "suite, two processes", f"{tests} tests ({skipped} skipped), {seconds:.0f} s", ""


def aim(words: str, met: bool | np.bool_) -> str:
    """An aim, and whether it is met."""
    return f"{words}: {'met' if met else '**not met**'}"


def size_rows(found: list[Module], all_functions: list[Function]) -> list[Row]:
    """How large modules and functions are."""
    lines = [module.lines for module in found]
    middle = statistics.median(lines)
    largest = max(found, key=lambda module: module.lines)
    rows = [
        ("modules", f"{len(found)}, {sum(lines)} lines", ""),
        (
            "module, median lines",
            f"{middle:g}",
            aim(f"below {MODULE_MEDIAN}", middle < MODULE_MEDIAN),
        ),
        (
            "module, most lines",
            f"{largest.lines} (`{largest.name}`)",
            aim(f"up to {MODULE_MOST}", largest.lines <= MODULE_MOST),
        ),
        ("functions and methods", f"{len(all_functions)}", ""),
    ]
    code = np.array([function.code for function in all_functions])
    whole = np.array([function.whole for function in all_functions])
    rows += [
        (
            "function, median code lines",
            f"{np.median(code):g}",
            aim(f"below {FUNCTION_MEDIAN}", np.median(code) < FUNCTION_MEDIAN),
        ),
        (
            "function, 90th percentile of code lines",
            f"{np.percentile(code, 90):g}",
            aim(f"below {FUNCTION_P90}", np.percentile(code, 90) < FUNCTION_P90),
        ),
        (
            "function, most code lines",
            f"{code.max()} (`{all_functions[int(code.argmax())].name}`)",
            aim(f"up to {FUNCTION_MOST}", code.max() <= FUNCTION_MOST),
        ),
        (
            "the same with docstring and signature",
            f"{np.median(whole):g}, {np.percentile(whole, 90):g}, "
            f"{whole.max()} (`{all_functions[int(whole.argmax())].name}`)",
            "",
        ),
    ]
    return rows


def import_rows(found: list[Module]) -> list[Row]:
    """Circles of imports."""
    by_name = {module.name: module for module in found}
    inner = [module for module in found if not module.is_package]
    at_once = {module.name: imports(module, by_name, anywhere=False) for module in found}
    # A package's list of its modules is no import, once every import leads to what it needs.
    ever = {
        module.name: imports(module, by_name, anywhere=True) & {m.name for m in inner}
        for module in inner
    }
    late = sum(len(ever[module.name] - at_once[module.name]) for module in inner)
    return [
        ("import cycles, at import", in_words(cycles(at_once)), aim("none", not cycles(at_once))),
        (
            "import cycles, imports in functions and for type checkers included",
            f"{in_words(cycles(ever))} ({late} such imports)",
            aim("none", not cycles(ever)),
        ),
    ]


def in_words(circles: list[list[str]]) -> str:
    """Circles by name."""
    shown = "; ".join(", ".join(f"`{name}`" for name in sorted(circle)) for circle in circles)
    return f"{len(circles)}: {shown}" if circles else "0"


def documentation_rows(found: list[Module]) -> list[Row]:
    """How much of what is public is explained and shown."""
    rows = []
    for title, names in (
        ("names that packages export", exported(found)),
        ("public classes and functions of all modules", public(found)),
    ):
        docs, examples = documented(names)
        shown = f"{len(names)}, {docs} with docstring, {examples} with a runnable example"
        rows.append((title, shown, ""))
    return rows


def test_row(found: list[Module]) -> Row:
    """How much test there is for the source."""
    files = sorted((ROOT / "tests").rglob("*.py"))
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    share = lines / sum(module.lines for module in found)
    return "test lines per source line", f"{share:.2f} ({lines} lines)", ""


def install_row() -> Row:
    """What a scoring image holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sizes = installed_bytes(closure(project["dependencies"]))
    largest = sorted(sizes, key=lambda name: -sizes[name])[:3]
    own = sum(p.stat().st_size for p in (ROOT / PACKAGE).rglob("*") if p.suffix != ".pyc")
    parts = ", ".join(f"{name} {sizes[name] / 1e6:.0f}" for name in largest)
    total = (sum(sizes.values()) + own) / 1e6
    return (
        "core installation",
        f"{total:.0f} MB in {len(sizes)} packages ({parts}; {PACKAGE} {own / 1e6:.1f})",
        "",
    )


def outliers(found: list[Module], all_functions: list[Function]) -> str:
    """What is larger than the project aims at."""
    large = [
        f"- `{module.name}`: {module.lines} lines, {docstring_lines(module)} of them docstrings"
        for module in sorted(found, key=lambda module: -module.lines)
        if module.lines > MODULE_MOST
    ]
    long = [
        f"- `{function.name}`: {function.code} code lines"
        for function in sorted(all_functions, key=lambda function: -function.code)
        if function.code > FUNCTION_MOST
    ]
    return "\n\n".join(
        f"{title}:\n\n" + ("\n".join(lines) or "- none")
        for title, lines in (
            (f"Modules above {MODULE_MOST} lines", large),
            (f"Functions above {FUNCTION_MOST} code lines", long),
        )
    )


def measured(junit: Path | None) -> str:
    """The table and the outliers, as Markdown."""
    found = modules()
    if not found:
        raise SystemExit(f"{ROOT / PACKAGE} holds no modules; run this in a clone")
    every = [function for module in found for function in functions(module)]
    rows = [*size_rows(found, every), *import_rows(found), test_row(found)]
    rows += documentation_rows(found)
    rows += [
        (f"import of `{name}`", f"{import_seconds(statement):.2f} processor seconds", "")
        for name, statement in IMPORTS.items()
    ]
    rows += [install_row()] + ([] if junit is None else [suite_row(junit)])
    table = "\n".join(f"| {name} | {value} | {wanted} |" for name, value, wanted in rows)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return (
        f"| {PACKAGE} | measured | aim |\n|---|---|---|\n{table}\n\n"
        f"({machine}, {date.today().isoformat()})\n\n{outliers(found, every)}"
    )


def put_between(page: Path, text: str) -> None:
    """Replace what stands between the markers of a page."""
    old = page.read_text(encoding="utf-8")
    if old.count(START) != 1 or old.count(END) != 1 or old.index(START) > old.index(END):
        raise SystemExit(f"{page}: needs the lines {START} and {END}, once each and in this order")
    between = re.compile(f"{re.escape(START)}.*{re.escape(END)}", re.S)
    new = between.sub(lambda _: f"{START}\n{text}\n{END}", old)
    page.write_text(new, encoding="utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put it between the markers")
    suite = parser.add_mutually_exclusive_group()
    suite.add_argument("--suite", action="store_true", help="run the suite and tell its seconds")
    suite.add_argument("--junit", type=Path, metavar="FILE", help="read them from a report")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = options.junit
        if options.suite:
            report = Path(folder) / "suite.xml"
            run_suite(report)
        text = measured(report)
    print(text)
    if options.write is not None:
        put_between(options.write, text)


if __name__ == "__main__":
    main()
