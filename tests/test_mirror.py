"""The tests mirror the package: a folder for a folder, and no module that no test imports."""

import ast
from pathlib import Path

import dbnchurn

PACKAGE = Path(dbnchurn.__file__).parent
TESTS = Path(__file__).parent
# Run by other means than an import: as a program, and by type checkers.
NOT_IMPORTED = {"dbnchurn.__main__", "dbnchurn.core.typing"}


def name_of(path: Path) -> str:
    """The dotted name of a module of the package."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


MODULES = {name_of(path): path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}


def exported() -> dict[tuple[str, str], str]:
    """(package, public name) → module that defines it, from stubs and ``__init__`` files."""
    found = {}
    for path in (*PACKAGE.rglob("__init__.py"), *PACKAGE.rglob("__init__.pyi")):
        package = ".".join(path.parent.relative_to(PACKAGE.parent).parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                module = f"{package}.{node.module}" if node.level else node.module
                found |= {(package, alias.asname or alias.name): module for alias in node.names}
    return found


def imported() -> set[str]:
    """Modules of the package that some test imports, by their own name or by an exported one."""
    doors = exported()
    found = set()

    def add(module: str, name: str) -> None:
        found.update((module, f"{module}.{name}"))
        door = doors.get((module, name), module)
        if door != module:  # which may be another front door
            add(door, name)

    for path in TESTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    add(node.module, alias.name)
    return found


def test_every_module_is_imported_by_a_test():
    assert sorted(MODULES.keys() - imported() - NOT_IMPORTED) == []


def test_every_folder_of_tests_is_one_of_the_package():
    folders = {path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    assert {str(folder) for folder in folders if not (PACKAGE / folder).is_dir()} == set()


def test_a_test_is_in_the_folder_of_what_it_is_named_after():
    """``tests/dbn/test_rbm.py`` tests ``dbnchurn/dbn/rbm.py``, where there is such a module."""
    names = {path.stem: path.parent.relative_to(PACKAGE) for path in MODULES.values()}
    several = {stem for stem in names if sum(p.stem == stem for p in MODULES.values()) > 1}
    several.add("configs")  # the configs that are shipped, as runs; not the verb of that name
    misplaced = [
        str(path.relative_to(TESTS))
        for path in TESTS.rglob("test_*.py")
        if (stem := path.stem.removeprefix("test_")) in names
        and stem not in several
        and path.parent.relative_to(TESTS) != names[stem]
    ]
    assert misplaced == []
