"""Every number of a report can be made again from the files of the run, and tampering is found."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from dbnchurn.cli import main
from dbnchurn.core.errors import ConfigError
from dbnchurn.runs import read_config, train
from dbnchurn.runs.recompute import recompute, values_by_path


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


@pytest.fixture
def command(run, capsys):
    """``command(*arguments)`` → exit code and what is printed."""

    def call(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["recompute", str(run), *arguments])
        return ended.value.code, capsys.readouterr().out

    return call


def test_all_numbers_and_pages_come_out_the_same(run, command):
    shutil.rmtree(run / "model")  # it is not needed
    metrics = json.loads((run / "metrics.json").read_text())
    count = len(values_by_path(metrics))
    assert count > 500
    assert command() == (0, f"{count} numbers made again, 0 differ\n")


def test_a_report_is_made_of_the_folder_that_it_lies_in(run, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["recompute", str(run / "report.html")])
    assert (ended.value.code, capsys.readouterr().out.endswith(", 0 differ\n")) == (0, True)


def test_all_that_is_tampered_with_is_found_and_mended(run, command):
    files = ("metrics.json", "report.html", "table.md", "table.csv")
    before = {name: (run / name).read_bytes() for name in files}
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
    page = (run / "report.html").read_text()
    (run / "report.html").write_text(page.replace("Precision", "Precision!", 1))
    (run / "table.csv").write_text((run / "table.csv").read_text().replace("0.", "1.", 1))
    (run / "table.md").unlink()
    code, out = command("--write")
    assert code == 4
    told = out.splitlines()
    assert {line.split(": 0.123456 in the file, ")[0] for line in told[: len(places)]} == {
        place.replace("__", ".") for place in places
    }
    pages = ("report.html", "table.md", "table.csv")
    assert told[len(places) : -1] == [f"{name} is not what the other files give" for name in pages]
    assert told[-1].endswith(" numbers made again, 7 differ")
    assert {name: (run / name).read_bytes() for name in files} == before


def test_a_tampered_score_is_found(run):
    frame = pd.read_parquet(run / "predictions.parquet")
    place = frame.index[(frame["part"] == "test") & (frame["label"] == 1)][0]
    frame.loc[place, "score"] = 0.999
    frame.to_parquet(run / "predictions.parquet", index=False)
    found = recompute(run)
    assert any(line.startswith("test.average_precision.value") for line in found.differences)
    assert found.report_differs


def test_a_run_without_a_page_has_none_made_again(run):
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("page: true", "page: false"))
    (run / "report.html").unlink()
    assert recompute(run, write=True).same
    assert not (run / "report.html").exists()


def test_headline_numbers_on_the_page_follow_from_the_predictions_by_hand(run):
    """Not through our own metrics: the numbers a reader sees first, counted in plain numpy."""
    test = pd.read_parquet(run / "predictions.parquet").query("part == 'test'")
    threshold = json.loads((run / "metrics.json").read_text())["threshold"]["value"]
    called, y = (test["score"] >= threshold).to_numpy(), test["label"].to_numpy()
    page = (run / "report.html").read_text()
    assert "in every month?" in page
    hits = int(y[called].sum())
    assert f"{hits:,} of the {called.sum():,} customers picked churned" in page
    assert f"<b>{100 * hits / called.sum():.1f} %</b>" in page
    assert f"<b>{100 * hits / y.sum():.1f} %</b>" in page
    top = np.argsort(-test["score"].to_numpy(), kind="stable")[: len(y) // 10]
    assert f"<b>{y[top].mean() / y.mean():.1f}</b>" in page


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(
        ConfigError, match=r"not the folder of a finished run, it lacks config\.yaml"
    ):
        recompute(tmp_path)


def test_predictions_of_customers_who_were_not_drawn_are_counted_again(run):
    rows = pd.read_parquet(run / "predictions.parquet").query("part == 'test'")
    (run / "predictions").mkdir()
    for number in range(2):
        half = rows.iloc[number::2][["id", "label", "score"]]
        half.to_parquet(run / "predictions" / f"part-{number}.parquet", index=False)
    found = recompute(run, write=True)
    assert found.differences[0].startswith("all_test.rows: nothing in the file")
    assert found.report_differs
    told = json.loads((run / "metrics.json").read_text())["all_test"]
    assert (told["rows"], told["not_drawn"]) == (2 * len(rows), len(rows))
    assert "customers who were not drawn, counted in bins" in (run / "report.html").read_text()
    assert recompute(run).same
    changed = run / "predictions" / "part-1.parquet"
    half.assign(score=half["score"] / 2).to_parquet(changed, index=False)
    assert any(line.startswith("all_test.roc_auc.value") for line in recompute(run).differences)
    shutil.rmtree(run / "predictions")
    with pytest.raises(ConfigError, match="it lacks the folder predictions"):
        recompute(run)
