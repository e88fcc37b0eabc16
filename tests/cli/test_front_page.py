"""The page of all verbs is the one that typer draws, and is there without typer."""

import json
import os
import re
import subprocess
import sys

import pytest

from dbnchurn.cli import app
from dbnchurn.cli.front_page import NARROWEST, front_page, in_colours, print_front_page

WIDTHS = (NARROWEST, 72, 80, 93, 120, 230)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_that_of_typer(width, monkeypatch, capsys):
    for name in ("COLUMNS", "TERMINAL_WIDTH"):
        monkeypatch.setenv(name, str(width))
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", width)
    with pytest.raises(SystemExit):
        app(args=["--help"], prog_name="dbnchurn")
    assert front_page("dbnchurn", width) + "\n" == capsys.readouterr().out


def test_colours_change_no_text():
    page = front_page("dbnchurn", 80)
    coloured = in_colours(page)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == page
    assert "\x1b[1;36mtrain\x1b[0m" in coloured


@pytest.mark.parametrize(
    ("words", "settings"),
    [
        (["train"], {}),
        (["--help", "train"], {}),
        (["--help"], {"TERMINAL_WIDTH": "80"}),
        (["--help"], {"COLUMNS": str(NARROWEST - 1)}),
    ],
)
def test_all_else_is_left_to_typer(words, settings, capsys):
    assert print_front_page(words, settings) is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), ([], 2)])
def test_a_fresh_process_shows_it_without_typer_and_rich(words, code):
    program = (
        "import json, sys\nfrom dbnchurn.cli import main\n"
        f"try: main({words})\nexcept SystemExit as end: code = end.code\n"
        "print(json.dumps([int(code), sorted(sys.modules)]))"
    )
    settings = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=True, env=settings, encoding="utf-8",
    )  # fmt: skip
    page, _, last = done.stdout.rstrip("\n").rpartition("\n")
    ended, loaded = json.loads(last)
    assert ended == code
    assert "Train and measure" in page
    assert not {"typer", "rich", "numpy", "pydantic"} & set(loaded)
