"""No text of a table, a path or a log commands the terminal, and colours of rich stay."""

import io
import logging
import sys

import pytest
from rich.console import Console

from dbnchurn.cli import main
from dbnchurn.cli.console import console
from dbnchurn.cli.terminal import CONTROLS, plain_streams, spelled_out

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202etxt\x7f"


def test_only_controls_are_spelled_out():
    for code in range(0x3000):
        letter = chr(code)
        kept = spelled_out(letter) == letter
        assert kept == (not CONTROLS.match(letter))
        assert kept or spelled_out(letter).isprintable()
    for letter in "\t\nä€中\U0001f600 '\\":
        assert spelled_out(letter) == letter


def test_levels_of_a_table_are_printed_without_commands(tmp_path, capsys):
    lines = "".join(f"{i},{i % 7},{HOSTILE}{i % 3}\n" for i in range(60))
    path = tmp_path / "t.csv"
    path.write_text(f"id,amount,plan\n{lines}", encoding="utf-8")
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["inspect", str(path)])
    said = capsys.readouterr()
    assert r"\x1b[2J" in said.out
    assert not CONTROLS.search(said.out + said.err)


def test_a_refusal_is_printed_without_commands(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["inspect", str(tmp_path / f"{HOSTILE}.csv")])
    said = capsys.readouterr().err
    assert r"\x1b[2J" in said
    assert not CONTROLS.search(said)


def test_streams_are_plain_inside_alone_and_rich_keeps_its_colours(monkeypatch):
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    monkeypatch.setattr(sys, "stderr", err := io.StringIO())
    with plain_streams():
        logging.StreamHandler(sys.stderr).emit(logging.makeLogRecord({"msg": HOSTILE}))
        sys.stdout.writelines(["a\x1b", "b\n"])
        Console(force_terminal=True, color_system="standard").print("[red]r[/red]")
        console().print(HOSTILE)
    assert (sys.stdout, sys.stderr) == (out, err)
    assert not CONTROLS.search(err.getvalue())
    first, second, third = out.getvalue().splitlines()
    assert first == r"a\x1bb"
    assert second == "\x1b[31mr\x1b[0m"
    assert third == spelled_out(HOSTILE.replace("\x07", ""))  # rich takes the bell away
