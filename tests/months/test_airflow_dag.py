"""The Airflow example: Python that compiles, and commands and options that exist."""

import ast
import re
import subprocess

import pytest

from tests.shown_commands import wrong

VERBS = ["score", "evaluate", "lift", "monitor", "retrain"]


@pytest.fixture(scope="module")
def tree(root):
    path = root / "examples" / "churn_dag.py"
    text = path.read_text(encoding="utf-8")
    compile(text, str(path), "exec")
    return ast.parse(text)


@pytest.fixture(scope="module")
def scripts(tree):
    """The shell text of every task, with a day in the place of each template."""
    names = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            told = ast.unparse(node.value)
            names[node.targets[0].id] = eval(told, {}, dict(names))
    shell = {name: text for name, text in names.items() if "dbnchurn" in str(text)}
    return {name: re.sub(r"\{\{.*?\}\}", "2024-10-01", text) for name, text in shell.items()}


def test_every_task_runs_one_of_the_scripts_and_all_are_in_the_chain(tree, scripts):
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "BashOperator"
    ]
    assert {call.keywords[1].value.id for call in calls} == set(scripts)
    expressions = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    (chain,) = [value for value in expressions if isinstance(value, ast.BinOp)]
    order = [node.id for node in ast.walk(chain) if isinstance(node, ast.Name)]
    assert set(order) == {call.keywords[0].value.value for call in calls}


def test_the_shell_parses_every_task_and_the_commands_exist(scripts):
    for name, script in scripts.items():
        done = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True)
        assert (done.returncode, done.stderr) == (0, ""), name
    lines = [
        line
        for script in scripts.values()
        for line in re.sub(r"\\\n\s*", "", script).splitlines()
        if line.startswith("dbnchurn ")
    ]
    assert [line.split()[1] for line in lines] == VERBS
    for line in lines:
        assert wrong(line.partition(" || ")[0]) is None
