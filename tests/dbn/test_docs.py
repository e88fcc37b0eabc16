"""The page that teaches the engine: its code runs, its pictures are there."""

import re
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[2] / "docs" / "engine.md"


def test_the_code_of_the_page_runs():
    text = PAGE.read_text(encoding="utf-8")
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    scores = names["scores"]
    assert isinstance(scores, np.ndarray)
    assert scores.shape == (500,)
    assert names["features"].shape == (500, 8)


def test_the_pictures_of_the_page_are_there():
    pictures = re.findall(r"!\[.+?\]\((.+?)\)", PAGE.read_text(encoding="utf-8"))
    assert len(pictures) >= 4
    assert all((PAGE.parent / picture).stat().st_size > 1000 for picture in pictures)
