"""The Airflow example: Python that compiles, commands that exist, and tasks that run or fail."""

import ast
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.shown_commands import wrong

VERBS = ["score", "evaluate", "monitor", "retrain"]
DAYS = {"data_interval_end": "2024-10-01", "data_interval_start": "2024-09-01"}


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
    shell = {name: text for name, text in names.items() if str(text).startswith("set -eu\n")}
    template = re.compile(r"\{\{ (\w+)\..*?\}\}")
    return {name: template.sub(lambda day: DAYS[day[1]], text) for name, text in shell.items()}


@pytest.fixture
def task(scripts, root, tmp_path):
    """``task(name)``: a task's exit code and the calls of `dbnchurn`, in a folder as described."""
    for name in ("models", "scores", "lists", "history", "bin"):
        (tmp_path / name).mkdir()
    (tmp_path / "models" / "champion").write_text("0a1b/model\n")
    for name in ("do_not_contact.py", "measure_campaigns.sh"):
        shutil.copy(root / "examples" / name, tmp_path)
    for name, text in (("dbnchurn", 'echo "$*" >> calls'), ("python3", "echo customer")):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)

    def run(name):
        (tmp_path / "calls").write_text("")
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        told = {**os.environ, "PATH": path, "PYTHONPATH": str(root)}
        done = subprocess.run(
            ["bash", "-c", scripts[name]], cwd=tmp_path, env=told, capture_output=True
        )
        return done.returncode, (tmp_path / "calls").read_text().splitlines()

    return run


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


def test_a_list_of_whom_to_leave_alone_that_fails_scores_nobody(task, tmp_path):
    helper, suppress = tmp_path / "bin" / "python3", tmp_path / "lists" / "2024-10-01.suppress.csv"
    helper.write_text("#!/bin/sh\necho customer\nexit 2\n")
    for _ in range(2):  # nor does a task that runs again
        assert task("SCORE") == (2, [])
        assert not suppress.exists()
    helper.write_text(f'#!/bin/sh\n{sys.executable} "$@"\n')
    (tmp_path / "outcomes.csv").write_text("id,left_date\n5,2024-10-01\n6,\n")
    code, calls = task("SCORE")
    assert (code, len(calls), suppress.read_text()) == (0, 1, "customer\n5\n")
    day = (tmp_path / "lists" / "2024-10-01.day").read_text().strip()
    assert f"--contact-date {day} " in calls[0]


def test_tasks_that_run_again_after_a_promotion_end_well(task, tmp_path):
    first = task("SCORE")
    assert first[0] == 0
    assert "score models/0a1b/model --cutoff 2024-10-01" in first[1][0]
    assert [call.split()[0] for call in task("RETRAIN")[1]] == ["retrain"]
    (tmp_path / "models" / "champion").write_text("9f8e/model\n")
    assert task("RETRAIN") == (0, [])
    assert task("SCORE") == first


def test_a_task_whose_command_is_refused_fails(task, tmp_path):
    (tmp_path / "models" / "champion").unlink()
    assert task("SCORE")[1] == []
    (tmp_path / "bin" / "dbnchurn").write_text("#!/bin/sh\nexit 2\n")
    (tmp_path / "lists" / "2024-10-01.model").write_text("0a1b/model\n")
    (tmp_path / "scores" / "2024-09-01.parquet").touch()
    for name in ("2024-09-01.csv", "2024-09-01.day"):
        (tmp_path / "lists" / name).write_text("2024-09-03\n")
    # A list that cannot be measured now is measured later, and holds nothing up.
    assert {name: task(name)[0] for name in ("EVALUATE", "LIFT", "MONITOR")} == {
        "EVALUATE": 2, "LIFT": 0, "MONITOR": 2
    }  # fmt: skip
    (tmp_path / "bin" / "dbnchurn").write_text("#!/bin/sh\nexit 1\n")
    assert task("LIFT")[0] == 1


@pytest.mark.parametrize(("advice", "code"), [(0, 99), (5, 99), (6, 0), (7, 0), (1, 1)])
def test_the_exit_code_of_monitor_decides(task, tmp_path, advice, code):
    (tmp_path / "bin" / "dbnchurn").write_text(f"#!/bin/sh\nexit {advice}\n")
    assert task("MONITOR")[0] == code
