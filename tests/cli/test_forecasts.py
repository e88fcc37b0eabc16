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
