"""Commands that are stopped: by a signal, by a reader that goes away, by a closed stream."""

import io
import os
import signal
import sys

import pytest

from dbnchurn.cli import cleaning
from dbnchurn.cli.exit_codes import ExitCode
from dbnchurn.cli.front_page import UNUSUAL
from dbnchurn.cli.interruption import Terminated, code_of, sigterm_as_interruption


def test_sigterm_ends_as_ctrl_c_with_its_own_code(call, model, tmp_path, monkeypatch):
    def terminated(*_, **__):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("dbnchurn.exports.export_onnx", terminated)
    before = signal.getsignal(signal.SIGTERM)
    code, out, err = call("export", model, "--output", tmp_path / "m.onnx")
    assert (code, out) == (ExitCode.TERMINATED, "")
    assert err == "interrupted: nothing is left that was not finished\n"
    assert signal.getsignal(signal.SIGTERM) == before
    monkeypatch.setattr("dbnchurn.scoring.job.score_file", terminated)
    table = tmp_path / "t.csv"
    table.write_text("customer\nC1\n")
    assert call("score", model, table, "--output", tmp_path / "s.csv")[0] == ExitCode.TERMINATED


def test_a_handler_of_the_caller_stays(monkeypatch):
    heard = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
    try:
        with sigterm_as_interruption():
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [1]
    assert code_of(Terminated()) == ExitCode.TERMINATED


class Closed(io.StringIO):
    """Standard output whose reader has gone."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")


def test_a_reader_that_goes_away_is_no_fault(call, tmp_path, monkeypatch):
    assert cleaning.PANEL
    monkeypatch.setattr(sys, "stdout", Closed())
    code, _, err = call("clean", tmp_path)
    assert code == ExitCode.OUTPUT_CLOSED
    assert err == "standard output was closed before the end; files are written\n"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no device that is full")
@pytest.mark.parametrize("words", [["--help"], [], ["clean", "."]])
def test_a_full_disk_ends_the_page_of_all_verbs_as_any_verb(call, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    for name in UNUSUAL:
        monkeypatch.delenv(name, raising=False)
    with open("/dev/full", "w", encoding="utf-8") as full, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", full)
        code, _, err = call(*words)
    assert (code, err) == (ExitCode.REFUSED, "error: No space left on device\n")


@pytest.mark.parametrize("closed", ["1", "2"])
def test_a_stream_that_was_closed_before_the_start_is_none(tmp_path, closed):
    process = os.fork()
    if not process:
        from dbnchurn.cli import main

        setattr(sys, {"1": "stdout", "2": "stderr"}[closed], None)
        code = 70
        try:
            main(["clean", str(tmp_path)])
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
