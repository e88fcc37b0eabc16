"""A mistake is told before libraries are imported that take seconds."""

import json
import subprocess
import sys

import pytest

TRAINING = {"torch", "sklearn", "xgboost", "imblearn", "matplotlib"}
TABLES = {"pandas", "pyarrow", "duckdb", "scipy"}
RUN = """
import contextlib, io, json, sys
from dbnchurn.cli import main
found = {}
for words in json.loads(sys.argv[1]):
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            main(words)
        except SystemExit as end:
            code = end.code
    loaded = {name.partition(".")[0] for name in sys.modules}
    found[" ".join(words)] = code, said.getvalue(), sorted(loaded)
print(json.dumps(found))
"""
MISTAKES = [
    *(
        [verb, "mistake.yaml"]
        for verb in ("train", "experiment", "tune", "segments", "personas", "offers")
    ),
    ["prepare", "mistake.yaml", "--output", "features"],
    ["retrain", "mistake.yaml", "--champion", "model"],
    ["plan", "mistake.yaml"],
    ["portrait", "mistake.yaml"],
    *(
        [verb, "mistake.yaml", "--output", "out.csv"]
        for verb in ("allocate", "forecast", "values", "keyusers")
    ),
    ["lift", "log.csv", "outcomes.csv", "--config", "mistake.yaml"],
]
RUN_OF = "source: {path: nowhere.csv}\ncolumns: {label: left}\n"
CONFIGS = {
    "mistake.yaml": "tabel: customers.csv\n",
    "run.yaml": RUN_OF,
    "tune.yaml": RUN_OF + "tuning: {trials: 1, space: {classifier.restraint: {low: 1, high: 2}}}\n",
    "personas.yaml": "source: {path: nowhere.csv}\n",
}
NO_TABLE = [
    ["train", "run.yaml"],
    ["experiment", "run.yaml"],
    ["tune", "tune.yaml"],
    ["segments", "run.yaml"],
    ["personas", "personas.yaml"],
    ["evaluate", "nowhere", "nowhere.csv", "--output", "measured.json", "--label", "left"],
    ["assign", "nowhere", "nowhere.csv", "--output", "assigned.csv"],
    ["inspect", "nowhere.csv"],
    ["infer", "nowhere.csv", "--output", "contracts.yaml"],
    ["train", "--resume", "nowhere"],
    ["compare", "nowhere"],
    ["monitor", "nowhere"],
]
NO_MODEL = [
    ["score", "nowhere", "nowhere.csv", "--output", "scores.csv"],
    ["digest", "nowhere"],
]


def fresh(commands, folder):
    """What each of several commands in one fresh process ends with, says, and has imported."""
    for name, text in CONFIGS.items():
        (folder / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(commands)],
        capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("commands", "says", "late"),
    [
        (MISTAKES, "mistake.yaml:1: ", TRAINING | TABLES),
        (NO_MODEL, "nowhere: no such model folder", TRAINING | TABLES),
        (NO_TABLE, "nowhere", TRAINING),
    ],
    ids=["a mistake in a config", "no such model", "no such table"],
)
def test_the_first_error_is_there_before_libraries_are(commands, says, late, tmp_path):
    for command, (code, said, loaded) in fresh(commands, tmp_path).items():
        assert code == 2, (command, said)
        assert says in said, command
        assert sorted(late & set(loaded)) == [], (command, said)
