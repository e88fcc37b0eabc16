"""What-if of one customer on the first page of a report."""

from dataclasses import replace

from dbnchurn.report.one_customer import one_customer
from dbnchurn.report.page import render
from tests.report.example_run import full_run


def column(name, values, probabilities, own, *, numbers):
    return {
        "column": name, "label": name.title(), "kind": "number" if numbers else "category",
        "values": values, "places": [float(v) for v in values] if numbers else [],
        "mean": probabilities, "own": own, "customer": probabilities,
    }  # fmt: skip


def reasons(*found):
    examples = [{"id": "c<7>", "probability": 0.8, "reasons": []}]
    return {"columns": [], "examples": examples, "dependence": list(found)}


CONTRACT = column("contract", ["month", "year"], [0.8, 0.3], "month", numbers=False)
TENURE = column("tenure", [str(v) for v in range(8)], [0.9 - v / 10 for v in range(8)], "1",
                numbers=True)  # fmt: skip


def test_other_values_stand_with_their_change():
    told = one_customer(replace(full_run(200), reasons=reasons(CONTRACT, TENURE)))
    assert told.id == "c<7>"
    assert "80.0 %" in told.said[0]
    (year, *tenures) = told.changes
    assert (year.column, year.now, year.value) == ("Contract", "month", "year")
    assert round(year.change, 9) == -0.5
    assert [change.value for change in tenures] == ["0", "2", "5", "7"]


def test_the_first_page_shows_it_and_says_that_it_is_no_effect():
    run = full_run(400)
    page = render(replace(run, reasons=reasons(CONTRACT)), pictures=False)
    first = page.partition("<details")[0]
    assert "What if, for one customer" in first
    assert "c&lt;7&gt;" in first
    assert "−50.0" in first
    assert "no effect" in first
    assert "What if" not in render(run, pictures=False)


def test_runs_of_earlier_versions_have_none():
    run = full_run(200)
    assert one_customer(run) is None
    old = {key: value for key, value in CONTRACT.items() if key not in ("own", "customer")}
    assert one_customer(replace(run, reasons=reasons(old))) is None
