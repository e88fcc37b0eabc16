"""``dbnchurn forecast``: a config in; table, page and numbers out."""

import json

import pandas as pd

from dbnchurn.cli.forecasts import PANEL
from tests.forecast.conftest import make_customers


def test_a_forecast_from_the_command_line(call, tmp_path):
    make_customers(n=300).to_csv(tmp_path / "months.csv", index=False)
    config = tmp_path / "f.yaml"
    config.write_text(
        f"history: {{path: {tmp_path / 'months.csv'}}}\nid: id\nmonth: month\nleft: left\n"
        "segment: segment\nhorizon: 2\nsample: 2000\n"
    )
    output, page, facts = (tmp_path / f"new/f.{end}" for end in ("csv", "html", "json"))
    code, _, err = call("forecast", str(config), "--output", str(output))
    assert code != 0
    assert "--mkdir" in err
    code, out, err = call(
        "forecast", str(config), "--output", str(output), "--page", str(page), "--facts",
        str(facts), "--mkdir", "horizon=1",
    )  # fmt: skip
    assert code == 0, err
    assert "are expected to leave" in out
    assert "tenure of those of the first month is not known" in out
    assert len(pd.read_csv(output)) == 3
    assert json.loads(facts.read_text())["months"] == ["2025-11"]
    assert page.exists()


def test_the_schema_of_a_forecast(call):
    code, out, _ = call("schema", "forecast")
    assert code == 0
    assert PANEL in call("--help")[1]
    assert "absence_is_leaving" in json.loads(out)["properties"]


def test_values_from_the_command_line(call, tmp_path):
    make_customers(n=300).to_csv(tmp_path / "months.csv", index=False)
    config = tmp_path / "f.yaml"
    config.write_text(
        f"history: {{path: {tmp_path / 'months.csv'}}}\nid: id\nmonth: month\nleft: left\n"
        "segment: segment\nrevenue: bill\ncurrency: EUR\nsample: 2000\nvalues: {months: 6}\n"
    )
    output, page = tmp_path / "v.csv", tmp_path / "v.html"
    code, out, err = call(
        "values", str(config), "--output", str(output), "--page", str(page), "values.months=4"
    )
    assert code == 0, err
    assert "of the next 4 months" in out
    assert "EUR each on average" in out
    assert pd.read_csv(output)["remaining_months_high"].max() <= 4
    assert page.exists()
    code, _, err = call("values", str(config), "--output", str(output), "values.window=7")
    assert code != 0
    assert "window 7 is longer than months 6" in err
