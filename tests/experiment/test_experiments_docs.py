"""The page on experiments: its Python runs, its YAML is valid, its figures are computed ones."""

import re
from pathlib import Path

import pytest

from dbnchurn.experiment import read_config
from dbnchurn.experiment.grid import plan
from dbnchurn.experiment.published import accuracy_of, f1_of, precision_of

TEXT = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text(encoding="utf-8")


def test_the_python_of_the_page_runs():
    blocks = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "experiments.md", "exec"), {})


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.DOTALL))
def test_the_yaml_of_the_page_is_valid(block, tmp_path):
    config = tmp_path / "x.yaml"
    config.write_text("source: {path: x.csv}\ncolumns: {label: y}\n" + block)
    found = read_config(config)
    assert plan(found)
    assert any((found.experiment, found.tuning, found.tracking))


def test_the_papers_figures_on_the_page():
    needed = precision_of(0.8811, 0.8927)
    assert f"an F1 of {100 * f1_of(0.9908, 0.8811):.2f} %" in " ".join(TEXT.split())
    assert f"a precision of {100 * needed:.2f} %" in " ".join(TEXT.split())
    assert f"an accuracy of {100 * accuracy_of(needed, 0.8811, 0.0354):.2f} %" in " ".join(
        TEXT.split()
    )
