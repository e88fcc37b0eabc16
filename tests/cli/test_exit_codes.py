"""Exit codes: one table, the same for all commands, and as documented."""

import re

import numpy as np
import pytest
import typer

from dbnchurn.cli import app
from dbnchurn.cli.exit_codes import EPILOG, ExitCode

ROW = re.compile(r"^\| (\d+) \| (.+?) \|$", re.M)


def test_the_table_of_the_documentation_is_that_of_the_commands(root):
    page = (root / "docs" / "scoring.md").read_text(encoding="utf-8")
    section = page.partition("## Exit codes\n")[2].partition("\n## ")[0]
    assert {int(code): text for code, text in ROW.findall(section)} == {
        code.value: code.meaning for code in ExitCode
    }


def test_every_help_page_ends_with_the_codes(call):
    first = "Exit codes: 0 done; 1 an unexpected fault of the program"
    assert EPILOG.startswith(first)
    for verb in ([], *([name] for name in typer.main.get_command(app).commands)):
        out = " ".join(call(*verb, "--help")[1].split())
        assert first in out, verb
        assert "130 interrupted by the user (Ctrl-C);" in out


REFUSED = {
    "train": ["nowhere.yaml"],
    "recompute": ["nowhere"],
    "monitor": ["nowhere"],
    "retrain": ["nowhere.yaml", "--champion", "nowhere"],
    "evaluate": ["nowhere", "t.csv"],
    "experiment": ["nowhere.yaml"],
    "compare": ["nowhere"],
    "tune": ["nowhere.yaml"],
    "score": ["nowhere", "t.csv", "--output", "s.csv"],
    "explain": [],
    "whatif": ["nowhere", "t.csv", "7"],
    "export": ["nowhere", "--output", "m.onnx"],
    "simulate": ["--output", "."],
    "infer": ["nowhere.csv", "--output", "t.yaml"],
    "inspect": ["nowhere.csv"],
    "prepare": ["nowhere.yaml", "--output", "features"],
    "segments": ["nowhere.yaml"],
    "plan": ["nowhere.yaml"],
    "allocate": ["nowhere.yaml", "--output", "list.csv"],
    "lift": ["nowhere.csv", "outcomes.csv"],
    "personas": ["nowhere.yaml"],
    "offers": ["nowhere.yaml"],
    "forecast": ["nowhere.yaml", "--output", "f.csv"],
    "portrait": ["nowhere.yaml"],
    "keyusers": ["nowhere.yaml", "--output", "k.csv"],
    "values": ["nowhere.yaml", "--output", "v.csv"],
    "assign": ["nowhere", "t.csv", "--id", "customer", "--output", "p.csv"],
    "clean": ["nowhere"],
    "digest": ["nowhere"],
    "sign": ["nowhere", "--key", "model.key"],
}


def test_every_command_is_refused_in_one_line_and_leaves_nothing(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    commands = set(typer.main.get_command(app).commands)
    assert commands - set(REFUSED) == {"schema"}  # whose arguments are choices alone
    for verb, arguments in REFUSED.items():
        refused(verb, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_misuse_ends_with_the_same_code(call):
    for verb in typer.main.get_command(app).commands.keys() - {"explain"}:
        code, out, _ = call(verb, "--no-such-option")
        assert (code, out) == (ExitCode.REFUSED, "")


def test_an_interrupted_job_ends_with_its_own_code(call, model, named, write, monkeypatch):
    table = write(named, "t.csv")
    output = table.with_name("s.csv")

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("dbnchurn.scoring.job.score_file", stop)
    code, out, err = call("score", model, table, "--output", output)
    assert (code, out) == (ExitCode.INTERRUPTED, "")
    assert err == "interrupted: nothing is left\n"
    output.with_name("s.csv.parts").mkdir()
    err = call("score", model, table, "--output", output)[2]
    assert err.startswith(f"interrupted: finished chunks are kept in {output}.parts, and the same")
    monkeypatch.setattr("dbnchurn.exports.export_onnx", stop)
    assert call("export", model, "--output", output.with_name("m.onnx"))[0] == ExitCode.INTERRUPTED


def test_a_fault_is_no_refusal_and_a_full_disk_is_one(call, model, tmp_path, monkeypatch):
    errors: list[Exception] = [
        OSError(28, "No space left on device", "m.onnx"),
        OSError(5, "Input/output error"),
        MemoryError(),
        LookupError("a fault"),
    ]

    def fail(*_, **__):
        raise errors.pop(0)

    monkeypatch.setattr("dbnchurn.exports.export_onnx", fail)
    code, _, err = call("export", model, "--output", tmp_path / "m.onnx")
    assert (code, err) == (ExitCode.REFUSED, "error: m.onnx: No space left on device\n")
    code, _, err = call("export", model, "--output", tmp_path / "m.onnx")
    assert (code, err) == (ExitCode.REFUSED, "error: Input/output error\n")
    code, _, err = call("export", model, "--output", tmp_path / "m.onnx")
    assert (code, err.startswith("error: memory does not suffice")) == (ExitCode.REFUSED, True)
    with pytest.raises(LookupError, match="a fault"):  # a traceback, with which Python ends in 1
        call("export", model, "--output", tmp_path / "m.onnx")


def test_recompute_that_finds_differences_has_a_code_of_its_own(call, own_run):
    assert call("recompute", own_run)[0] == ExitCode.DONE
    metrics = own_run / "metrics.json"
    metrics.write_text(metrics.read_text().replace('"recall"', '"recoil"'))
    assert call("recompute", own_run)[0] == ExitCode.DIFFERENT


def test_a_changed_column_is_refused_by_score_and_evaluate(call, refused, model, named, write):
    table = write(named.assign(age=np.nan, churned=[0, 1] * 475), "t.csv")
    output = table.with_name("s.csv")
    verbs = {
        "score": ("score", model, table, "--output", output),
        "evaluate": ("evaluate", model, table, "--label", "churned"),
    }
    for verb in verbs.values():
        message = refused(*verb)
        assert message.startswith("error: column 'age' is missing in 950 of 950 rows, in training")
        code, out, _ = call(*verb, "--allow-changed", "age")
        assert code == ExitCode.DONE
        assert "changed, and allowed: column 'age' is missing" in out
        assert "did you mean 'age'" in refused(*verb, "--allow-changed", "aeg")


def test_outputs_of_every_verb_have_a_folder_and_are_no_input(
    call, refused, model, customers, write, write_config, telco, small_run, tmp_path
):
    X, y = customers
    table = write(X.assign(churned=y), "t.csv")
    no = tmp_path / "no"
    evaluate = ("evaluate", model, table, "--label", "churned", "--output")
    infer = ("infer", table, "--key", "debt", "--output")
    for verb, name in (
        (evaluate, "e.json"),
        (infer, "t.yaml"),
        (("inspect", table, "--html"), "t.html"),
        (("export", model, "--output"), "m.onnx"),
        (("score", model, table, "--output"), "s.csv"),
        (("simulate", "--customers", 20, "--output"), "crm"),
        (("compare", model, "--output"), "both"),
    ):
        message = refused(*verb, no / name)
        assert f"the folder {no} does not exist; make it, or let it be made with --mkdir" in message
        if verb[0] not in ("simulate", "compare", "infer", "inspect"):
            assert "lies in what is read (model" in refused(*verb, model / name)
    assert "lies in what is read (run " in refused("compare", model, "--output", model / "both")
    config = write_config(telco)
    message = refused("train", config, *small_run, f"output={no / 'runs'}")
    assert f"the folder {no} does not exist; make it, or let it be made with --mkdir" in message
    assert not no.exists()
    assert call(*evaluate, no / "e.json", "--mkdir")[0] == ExitCode.DONE
    assert call("simulate", "--customers", 20, "--output", no / "b" / "crm", "--mkdir")[0] == 0
    assert (no / "b" / "crm").is_dir()
    assert (no / "e.json").is_file()
