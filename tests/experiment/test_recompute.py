"""Every number of a report can be made again from the files of the run, and tampering is found."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from dbnchurn.cli import main
from dbnchurn.errors import ConfigError
from dbnchurn.experiment import read_config, train
from dbnchurn.experiment.recompute import leaves, recompute


@pytest.fixture(scope="module")
def finished(tmp_path_factory, draw_telco, small_run):
    folder = tmp_path_factory.mktemp("run")
    telco = draw_telco(1200)
    telco["month"] = [f"2024-{1 + i % 6:02d}-01" for i in range(1200)]
    telco.to_csv(folder / "telco.csv", index=False)
    config = folder / "telco.yaml"
    config.write_text(
        f"source: {{path: {folder / 'telco.csv'}}}\noutput: {folder / 'runs'}\n"
        "columns: {id: customerID, label: Churn, date: month}\n"
        "campaign: {contacts: 40}\nsplit: {test: 0.4}\n"
    )
    baselines = "baselines=[logistic regression, without pretraining]"
    return train(read_config(config, [*small_run, baselines, "report.page=true"]), "telco")


@pytest.fixture
def run(finished, tmp_path):
    """A run folder of the test's own."""
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def change(path, **values):
    plain = json.loads(path.read_text())
    for place, value in values.items():
        *way, last = place.split("__")
        part = plain
        for step in way:
            part = part[step]
        assert part[last] != value
        part[last] = value
    path.write_text(json.dumps(plain, indent=1))


def test_all_numbers_and_the_page_come_out_the_same(run):
    shutil.rmtree(run / "model")  # it is not needed
    found = recompute(run)
    assert found.same
    metrics = json.loads((run / "metrics.json").read_text())
    assert found.numbers == len(list(leaves(metrics))) > 500


def test_every_tampered_number_is_found(run):
    places = [
        "test__f1__value",
        "test__average_precision__low",
        "validation__recall__value",
        "threshold__value",
        "parts__train__base_rate",
        "baselines__logistic regression__difference__average_precision__high",
        "seconds__train",
    ]
    change(run / "metrics.json", **dict.fromkeys(places, 0.123456))
    found = recompute(run)
    changed = {line.split(":")[0] for line in found.differences}
    assert changed == {place.replace("__", ".") for place in places}
    assert all("0.123456 in the file" in line for line in found.differences)
    assert not found.same


def test_a_tampered_score_is_found(run):
    frame = pd.read_parquet(run / "predictions.parquet")
    place = frame.index[(frame["part"] == "test") & (frame["label"] == 1)][0]
    frame.loc[place, "score"] = 0.999
    frame.to_parquet(run / "predictions.parquet", index=False)
    found = recompute(run)
    assert any(line.startswith("test.average_precision.value") for line in found.differences)
    assert found.report_differs


def test_a_tampered_page_is_found(run):
    page = run / "report.html"
    page.write_text(page.read_text().replace("Precision", "Precision!", 1))
    found = recompute(run)
    assert found.report_differs
    assert found.differences == []


def test_writing_mends_the_run(run):
    before = {name: (run / name).read_bytes() for name in ("metrics.json", "report.html")}
    change(run / "metrics.json", test__f1__value=1.0)
    assert not recompute(run, write=True).same
    assert recompute(run).same
    assert {name: (run / name).read_bytes() for name in before} == before


def test_headline_numbers_on_the_page_follow_from_the_predictions_by_hand(run):
    """Not through our own metrics: the numbers a reader sees first, counted in plain numpy."""
    test = pd.read_parquet(run / "predictions.parquet").query("part == 'test'")
    threshold = json.loads((run / "metrics.json").read_text())["threshold"]["value"]
    called, y = (test["score"] >= threshold).to_numpy(), test["label"].to_numpy()
    page = (run / "report.html").read_text()
    hits = int(y[called].sum())
    assert f"{hits:,} of the {called.sum():,} customers picked churned" in page
    assert f"<b>{100 * hits / called.sum():.1f} %</b>" in page
    assert f"<b>{100 * hits / y.sum():.1f} %</b>" in page
    top = np.argsort(-test["score"].to_numpy(), kind="stable")[: len(y) // 10]
    assert f"<b>{y[top].mean() / y.mean():.1f}</b>" in page


def test_the_command_says_what_differs(run, capsys):
    def command(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["recompute", str(run), *arguments])
        return ended.value.code, capsys.readouterr().out

    code, out = command()
    assert code == 0
    assert "0 differ" in out
    change(run / "metrics.json", test__f1__value=0.5)
    code, out = command()
    assert code == 1
    assert "test.f1.value: 0.5 in the file" in out
    assert "1 differ" in out


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(
        ConfigError, match=r"not the folder of a finished run, it lacks config\.yaml"
    ):
        recompute(tmp_path)
