"""The board of an experiment: counts that add up, a table in a terminal, lines elsewhere."""

import io
import sys

import pytest

from dbnchurn.experiments.grid import plan
from dbnchurn.experiments.progress_board import ProgressBoard
from dbnchurn.runs import read_config
from tests.experiments.made_runs import make_run

VARIED = "experiment: {variants: {a: {}, b: {classifier.skip: false}}, seeds: [0, 1]}\n"


@pytest.fixture
def planned(write_config, telco, small_run):
    return plan(read_config(write_config(telco, more=VARIED), small_run))


def go_through(board, planned, tmp_path) -> None:
    """One reused, one trained, one failed, one under way."""
    board.reused(planned[0], make_run(tmp_path / "first"))
    for run in planned[1:]:
        board.started(run)
    board.done(planned[1], make_run(tmp_path / "second"), 3.0)
    board.failed_with(planned[2], "no memory")


def cells(board) -> list[list[str]]:
    table = board.table()
    return [list(row) for row in zip(*(column.cells for column in table.columns), strict=True)]


def test_counts_add_up(planned, tmp_path):
    board = ProgressBoard(planned, "f1")
    assert cells(board) == [["a", "0/2", "", "", "", ""], ["b", "0/2", "", "", "", ""]]
    with board:
        go_through(board, planned, tmp_path)
    value = board.values["a"][0]
    assert board.table().title == "3 of 4 runs"
    assert cells(board) == [
        ["a", "1/2", "", "1", f"{value:.4f}", ""],
        ["b", "1/2", "1", "", f"{board.values['b'][0]:.4f}", "3"],
    ]


def test_elsewhere_every_run_is_a_line(planned, tmp_path, capsys):
    with ProgressBoard(planned, "f1") as board:
        go_through(board, planned, tmp_path)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "[1/4] a, seed 0, fold 1: finished before"
    assert lines[1] == f"[2/4] b, seed 0, fold 1: f1 {board.values['b'][0]:.4f} (3 s)"
    assert lines[2] == "[3/4] a, seed 1, fold 1: failed: no memory"
    assert len(lines) == 3


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_terminal_there_is_a_table_and_no_lines(planned, tmp_path, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with ProgressBoard(planned, "f1") as board:
        go_through(board, planned, tmp_path)
    shown = terminal.getvalue()
    assert "3 of 4 runs" in shown
    assert "variant" in shown
    assert "[2/4]" not in shown
