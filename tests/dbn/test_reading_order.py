"""The package lists its modules in the order in which they can be read."""

import ast
import re
from pathlib import Path

import dbnchurn.dbn


def test_every_module_imports_only_modules_listed_before_it():
    folder = Path(dbnchurn.dbn.__file__).parent
    listed = re.findall(r"^``(\w+)``", dbnchurn.dbn.__doc__, re.M)
    assert set(listed) == {path.stem for path in folder.glob("*.py")} - {"__init__"}
    for number, name in enumerate(listed):
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("dbnchurn.dbn."):
                assert node.module.rsplit(".", 1)[1] in listed[:number], f"{name}: {node.module}"
