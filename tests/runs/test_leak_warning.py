"""A planted leak stops the run; with the user's word to go on, and if weak, the report warns."""

import json
import re

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.runs import read_config, train
from dbnchurn.runs.report import report_input


def planted(telco, noise):
    generator = np.random.default_rng(0)
    return telco.assign(
        call_code=(telco["Churn"] == "Yes") + generator.normal(0, noise, len(telco))
    )


def warnings(folder) -> list[str]:
    page = (folder / "report.html").read_text()
    box = re.search(r'<ul class="warnings" aria-label="Warnings">(.*?)</ul>', page, re.S)
    return re.findall(r"<li>\s*(.*?)\s*</li>", box[1], re.S) if box else []


def test_a_leak_stops_the_run(telco, write_config, small_run):
    config = read_config(write_config(planted(telco, 0.2)), small_run)
    with pytest.raises(DataError, match=r"single_column: call_code: AUC 0\.9"):
        train(config)


@pytest.mark.usefixtures("empty_pictures")
def test_a_leak_that_is_let_pass_is_a_warning_in_the_report(telco, write_config, small_run):
    allow = "leakage.allow={'single_column: call_code': known before the cutoff}"
    config = read_config(write_config(planted(telco, 0.2)), [*small_run, "report.page=true", allow])
    folder = train(config, "leak")
    shown = [line for line in warnings(folder) if line.startswith("Leakage check passed over")]
    assert len(shown) == 1
    for words in ("call_code", "known before the cutoff", "too good to be true"):
        assert words in shown[0]
    # It stands above all numbers.
    page = (folder / "report.html").read_text()
    assert page.index("Leakage check passed over") < page.index('class="cards"')


def test_a_leak_too_weak_to_stop_the_run_is_a_warning_too(draw_telco, write_config, small_run):
    leaky = planted(draw_telco(3000), 0.6)  # AUC Φ(1 / (0.6 √2)) = 0.88
    folder = train(read_config(write_config(leaky), small_run), "weak")
    shown = [line for line in report_input(folder).warnings if line.startswith("Possible leak")]
    assert len(shown) == 1
    assert "call_code alone ranks churners with an AUC of 0." in shown[0]
    strongest = json.loads((folder / "training.json").read_text())["strongest_columns"]
    assert next(iter(strongest)) == "call_code"


def test_without_a_leak_there_is_no_such_warning(finished_run):
    assert not [line for line in report_input(finished_run).warnings if "eak" in line]


def test_columns_that_are_not_used_are_said_in_the_log_and_the_report(
    telco, write_config, small_run, caplog
):
    telco = telco.assign(constant=1, twin=telco["tenure"], region="north")
    config = read_config(
        write_config(telco),
        [*small_run, "columns.drop=[region]", "columns.kinds={gender: ignore}"],
    )
    with caplog.at_level("INFO", "dbnchurn.notes"):
        folder = train(config, "unused")
    told = "1 column is ignored as told: 'gender'"
    dropped = "1 column is dropped by the config: 'region'"
    said = [r.getMessage() for r in caplog.records if r.name == "dbnchurn.notes"]
    said = [line for line in said if not line.startswith("network: ")]  # of what machines learned
    assert said[:2] == [told, dropped]
    assert said[2].startswith("2 columns are not used, as they say nothing that others do not: ")
    assert "constant (constant)" in said[2]
    shown = report_input(folder).warnings
    assert set(said) <= set(shown)
    facts = json.loads((folder / "training.json").read_text())
    assert facts["unused_columns"] == [told, said[2]]
