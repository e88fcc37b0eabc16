"""The guide's code runs as it stands."""

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[2] / "docs" / "segments.md"


def test_code_blocks_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL):
        exec(block, names)
    assert "traffic = 0" in capsys.readouterr().out
    assert (tmp_path / "runs/offer/segments.html").exists()
    assert names["miner"].table()["rate"].iloc[0] == pytest.approx(0.25, abs=0.06)
