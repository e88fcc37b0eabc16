"""Reasons on the command line, and the former verb that printed them."""

import shlex

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.cli import main


@pytest.fixture
def table(customers, tmp_path):
    path = tmp_path / "new.csv"
    customers[0].head(50).assign(name=[f"c{i}[b]" for i in range(50)]).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_score_writes_reasons_and_prints_the_highest(call, model, table, tmp_path, ending):
    output = tmp_path / "new" / f"reasons.{ending}"
    options = ("--output", output, "--reasons", 2, "--show", 4, "--id", "name", "--mkdir")
    code, out, _ = call("score", model, table, *options)
    assert code == 0
    found = getattr(pd, f"read_{ending}")(output)
    X = pd.read_csv(table)
    predictor = Predictor.load(model)
    expected = predictor.reasons(X, 2)
    assert list(found)[5:] == list(expected)
    assert found["id"].tolist() == X["name"].tolist()
    np.testing.assert_allclose(found["probability"], predictor.predict_proba(X)[:, 1], atol=1e-12)
    for name, values in expected.items():
        if name.startswith("contribution"):
            np.testing.assert_allclose(found[name], values)
        else:
            assert found[name].fillna("").astype(str).tolist() == values.fillna("").tolist()
    assert "50 customers scored" in out
    ranked = found.sort_values(["probability", "id"], ascending=[False, True])
    for row in ranked.head(4).to_dict("records"):
        assert row["id"] in out
        assert f"{row['reason_1']} {row['contribution_1']:+.2f}" in out
    assert f"{ranked['id'].iloc[4]} " not in out
    left = {output.name, f"{output.name}.job.json"}
    assert {path.name for path in output.parent.iterdir()} == left


def test_nobody_is_printed_unless_asked_for_and_nobody_without_reasons(
    call, refused, model, table, tmp_path
):
    out = call("score", model, table, "--output", tmp_path / "s.csv", "--reasons", 1)[1]
    assert "highest scores" not in out
    message = refused("score", model, table, "--output", tmp_path / "t.csv", "--show", 5)
    assert "--show 5 prints reasons, so it needs --reasons NUMBER" in message
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ([], ["--reasons", "3"]),
        (["--top", "2"], ["--reasons", "2"]),
        (["--top=2", "--id", "name"], ["--reasons=2", "--id", "name"]),
    ],
)
def test_explain_names_the_command_that_replaces_it(
    call, refused, model, table, tmp_path, former, present
):
    output = tmp_path / "my reasons.csv"
    message = refused("explain", model, table, "--output", output, *former)
    command = shlex.split(message.partition(": ")[2].partition(": ")[2])
    arguments = [str(argument) for argument in (model, table, "--output", output)]
    assert command == ["dbnchurn", "score", *arguments, *present, "--show", "5"]
    code, out, _ = call(*command[1:])
    assert code == 0
    assert "The customers with the highest scores" in out
    assert len(pd.read_csv(output)) == 50


def test_explain_says_so_without_arguments_too(refused):
    message = refused("explain")
    assert message.endswith("'score' now: dbnchurn score --reasons 3 --show 5\n")


def test_the_campaign_list_goes_into_the_contact_log(call, refused, model, table, tmp_path):
    log, listed = tmp_path / "log.csv", tmp_path / "list.csv"
    command = ["score", model, table, "--output", tmp_path / "s.csv", "--id", "name"]
    command += ["--campaign", listed, "--budget", 10, "--control", 0.5, "--log", log]
    assert "needs --campaign-name, --offer, --channel" in refused(*command)
    command += ["--campaign-name", "spring", "--offer", "discount", "--channel", "mail"]
    command += ["--contact-date", "2026-03-01"]
    code, out, _ = call(*command)
    assert code == 0
    assert "contact log: 20 customers added" in out
    assert pd.read_csv(log)["customer"].tolist() == pd.read_csv(listed)["id"].tolist()
    message = refused("score", model, table, "--output", tmp_path / "t.csv", "--offer", "discount")
    assert "--offer: belong to --log FILE" in message


def test_a_model_and_a_table_that_are_not_there_are_told_together(tmp_path, capsys):
    (tmp_path / "model").mkdir()
    with pytest.raises(SystemExit) as end:
        main(["score", f"{tmp_path}/modle", f"{tmp_path}/t.csv", "--output", f"{tmp_path}/s.csv"])
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "modle: no such model folder" in said
    assert "t.csv: no such file" in said
