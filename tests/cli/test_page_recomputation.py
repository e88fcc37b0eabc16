"""Every page that a command makes can be made again by ``recompute``, and tampering is found."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from dbnchurn.cli.page_recomputation import WRITTEN, recompute_page
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.html.page_content import PageContent
from dbnchurn.core.html.plain_page import paragraph, plain_page
from dbnchurn.core.made_by import Command, inputs_of, running
from dbnchurn.months.campaign_months import add_campaign
from dbnchurn.months.history import add_month
from tests.campaign.test_allocation_job import CONFIG
from tests.campaign.test_measurement import simulated
from tests.data.small_crm import PLAN, crm
from tests.forecast.conftest import make_customers
from tests.graph.conftest import make_calls
from tests.months.made_months import made
from tests.personas.test_personas import planted
from tests.portraits.conftest import tables_of, write_tables
from tests.undrawn import leave_pictures_empty

PERSONAS = {"n_personas": 4, "n_starts": 2, "refits": 2}
MONTHS = "history: {path: months.csv}\nid: id\nmonth: month\nleft: left\nsegment: segment\n"
# The verb, its words, and the page that they write.
PAGES = {
    "plan": (["plan.yaml", "plan.control=0.2", "--output", "p.html"], "p.html"),
    "allocate": (
        ["list.yaml", "--output", "l.csv", "--page", "p.html", "--log", "contacts.csv",
         "--facts", "p.json"],
        "p.html",
    ),
    "lift": (["log.csv", "outcomes.parquet", "--output", "p.html"], "p.html"),
    "forecast": (["f.yaml", "--output", "f.csv", "--page", "p.html"], "p.html"),
    "values": (["f.yaml", "values.months=4", "--output", "v.csv", "--page", "p.html"], "p.html"),
    "keyusers": (
        ["g.yaml", "seeds=5", "--output", "k.csv", "--page", "p.html", "--measures", "m.csv"],
        "p.html",
    ),
    "personas": (["kinds.yaml"], "runs/kinds/personas.html"),
    "assign": (
        ["runs/kinds", "table.csv", "--output", "a.csv", "--earlier", "earlier.csv",
         "--page", "p.html"],
        "p.html",
    ),
    "portrait": (
        ["portrait.yaml", "fewest=5", "--customer", "0007", "--page", "p.html",
         "--personas", "shown", "--profiles", "p.jsonl"],
        "shown/P2.html",
    ),
    "monitor": (["months", "--output", "p.html"], "p.html"),
    "inspect": (["table.csv", "--html", "p.html"], "p.html"),
    "compare": (["one", "two", "--output", "both"], "both/compare.html"),
    "prepare": (["crm.yaml", "--output", "built"], "built/data_quality.html"),
    "segments": (["segments.yaml"], "runs/segments/segments.html"),
    "offers": (["offers.yaml"], "runs/offers/offers.html"),
}  # fmt: skip

READ = {
    "plan": ["plan.yaml"],
    "allocate": ["contacts.csv", "list.yaml", "scores_of.csv"],
    "lift": ["log.csv", "outcomes.parquet"],
    "forecast": ["f.yaml", "months.csv"],
    "values": ["f.yaml", "months.csv"],
    "keyusers": ["calls.csv", "g.yaml"],
    "personas": ["kinds.yaml", "table.csv"],
    "assign": ["earlier.csv", "runs/kinds", "table.csv"],
    "portrait": ["customers.csv", "personas.csv", "portrait.yaml"],
    "monitor": ["months"],
    "inspect": ["table.csv"],
    "compare": ["one", "two"],
    "prepare": ["basic.parquet", "calls.parquet", "crm.yaml", "leavers.parquet"],
    "segments": ["segments.yaml", "table.csv"],
    "offers": ["bought.csv", "offers.yaml"],
}


def write_campaign():
    ids = [f"{number:04d}" for number in range(400)]
    chances = np.random.default_rng(0).beta(1, 5, 400).round(4)
    pd.DataFrame({"id": ids, "probability": chances}).to_csv("scores_of.csv", index=False)
    allocate = {**CONFIG, "customers": {"path": "scores_of.csv"}, "log": {"path": "contacts.csv"}}
    Path("list.yaml").write_text(yaml.safe_dump({"allocate": allocate}))
    log, outcomes = simulated(2000)
    log.to_csv("log.csv", index=False)
    outcomes.to_parquet("outcomes.parquet", index=False)
    log.assign(customer=[f"{n % 400:04d}" for n in range(2000)])[:9].to_csv(
        "contacts.csv", index=False
    )


def write_plan():
    Path("plan.yaml").write_text("plan: {customers: 20000, base_rate: 0.1, effect: -0.02}\n")


def write_months():
    make_customers(n=200).to_csv("months.csv", index=False)
    Path("f.yaml").write_text(
        MONTHS + "revenue: bill\ncurrency: EUR\nsample: 1000\nvalues: {months: 6}\nhorizon: 1\n"
    )


def write_calls():
    make_calls(rows=2_000).to_csv("calls.csv", index=False)
    Path("g.yaml").write_text("calls: {path: calls.csv}\ncaller: from\ncallee: to\ndate: day\n")


def write_groups():
    frame, group = planted(400)
    frame.insert(0, "customer", [f"{number:04d}" for number in range(len(frame))])
    frame.assign(won=np.where(group == 1, "yes", "no")).to_csv("table.csv", index=False)
    columns = {"id": "customer", "drop": ["won"]}
    kinds = {"source": {"path": "table.csv"}, "columns": columns, "personas": PERSONAS}
    Path("kinds.yaml").write_text(yaml.safe_dump({**kinds, "output": "runs"}))
    Path("segments.yaml").write_text(
        "source: {path: table.csv}\ncolumns: {label: won, id: customer}\noutput: runs\n"
        "miner: {min_count: 10, max_length: 1}\n"
    )


def write_portrait():
    write_tables(tables_of(), Path())
    Path("portrait.yaml").write_text(
        "id: customer\nbasic: [age]\ncustomers: {path: customers.csv, as_of: 2026-08-31}\n"
        "personas: {path: personas.csv, as_of: 2026-08-31}\n"
    )


def write_history():
    for number in range(3):
        month = made(number)
        add_month("months", month.month, month.model, "scores", month.scores)
        add_month("months", month.month, month.model, "outcomes", month.outcomes)


def write_crm():
    plan = json.loads(json.dumps(PLAN))
    for name, table in crm().items():
        table.to_parquet(f"{name}.parquet", index=False)
        plan["tables"][name]["path"] = f"{name}.parquet"
    Path("crm.yaml").write_text(json.dumps({"data": plan}))


def write_purchases():
    generator = np.random.default_rng(0)
    bought = pd.DataFrame(
        {"customer": generator.integers(0, 150, 1500), "item": generator.choice([*"abcdef"], 1500)}
    )
    bought["day"] = np.datetime64("2026-01-01") + generator.integers(0, 180, 1500).astype("m8[D]")
    bought.drop_duplicates(["customer", "item"]).to_csv("bought.csv", index=False)
    Path("offers.yaml").write_text(
        "purchases: {source: {path: bought.csv}, customer: customer, item: item, date: day}\n"
        "output: runs\noffers: {window: 4, n_offers: 2}\n"
    )


INPUTS = {
    "plan": write_plan, "allocate": write_campaign, "lift": write_campaign,
    "forecast": write_months, "values": write_months, "keyusers": write_calls,
    "personas": write_groups, "assign": write_groups, "portrait": write_portrait,
    "monitor": write_history, "inspect": write_groups,
    "prepare": write_crm, "segments": write_groups, "offers": write_purchases,
}  # fmt: skip
QUICK = ("plan", "allocate", "monitor", "inspect")
VERBS = [verb if verb in QUICK else pytest.param(verb, marks=pytest.mark.long) for verb in PAGES]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(params=[True, pytest.param(False, marks=pytest.mark.long)], ids=["empty", "drawn"])
def drawn(request, monkeypatch):
    """Pages without their drawings, and with them."""
    if request.param:
        leave_pictures_empty(monkeypatch.setattr)


def files_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def made_page(call, verb):
    """The page of a verb."""
    words, page = PAGES[verb]
    if verb == "assign":
        assert call("personas", *PAGES["personas"][0])[0] == 0
        shutil.copy("runs/kinds/assigned.csv", "earlier.csv")
    code, _, err = call(verb, *words)
    assert code in (0, 5, 6, 7), err
    return Path(page)


def test_every_verb_with_a_page_is_tried():
    assert set(PAGES) == set(WRITTEN)


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("verb", VERBS)
def test_a_page_is_made_again_the_same_and_nothing_else_changes(
    call, refused, place, request, verb
):
    if verb == "compare":
        for name in ("one", "two"):
            shutil.copytree(request.getfixturevalue("finished_run"), name)
    else:
        INPUTS[verb]()
    page = made_page(call, verb)
    before = files_of(place)
    assert sorted(inputs_of(PageContent.of(page.read_text()).made_by)) == READ[verb]
    code, out, err = call("recompute", page)
    assert (code, out.splitlines()[-1].endswith(": the same")) == (0, True), out + err
    assert files_of(place) == before
    if verb == "allocate":  # its own log had no row of this campaign when the list was made
        assert "left out, so that nothing is added to a file: --log" in out
        assert "contacts.csv was added to since: its first rows are read" in out
    made_of = Path(PAGES[verb][0][0])
    made_of = next(made_of.rglob("*.json")) if made_of.is_dir() else made_of
    with made_of.open("ab") as file:
        file.write(b"\n")
    if verb == "lift":
        assert "log.csv was added to since" in call("recompute", page)[1]
    else:
        assert "has other bytes than when the page was made" in refused("recompute", page)


def test_of_a_history_that_grew_the_entries_are_read_as_they_were(
    call, refused, place, monkeypatch
):
    leave_pictures_empty(monkeypatch.setattr)
    write_history()
    third, fourth = made(3), made(4)
    add_month("months", third.month, third.model, "scores", third.scores)
    page = made_page(call, "monitor")
    before = page.read_text()
    assert call("recompute", page)[1].splitlines()[0].endswith(": the same")
    # The outcome of the last month, another month, and a campaign came later.
    add_month("months", third.month, third.model, "outcomes", third.outcomes)
    add_month("months", fourth.month, fourth.model, "scores", fourth.scores)
    facts = {"campaign": "spring", "claim": "kept", "effect": -0.1, "low": -0.2, "high": -0.05,
             "confidence": 0.95, "contacted": 90, "control": 10, "preliminary": False}  # fmt: skip
    add_campaign("months", third.month, facts)
    code, out, err = call("recompute", page)
    assert code == 0, out + err
    assert "months was added to since: its entries are read as they were" in out
    assert out.splitlines()[-1].endswith(": the same")
    assert page.read_text() == before
    # What was there earlier has to be the same.
    add_month("months", third.month, third.model, "scores", fourth.scores)
    assert "has other bytes than when the page was made" in refused("recompute", page)
    next(Path("months").glob(f"{third.month}.*")).unlink()
    assert "are gone" in refused("recompute", page)


@pytest.fixture
def plan(call, place, monkeypatch):
    """The page of a plan, and the folder that it is in."""
    leave_pictures_empty(monkeypatch.setattr)
    write_plan()
    return made_page(call, "plan")


def test_a_number_that_was_changed_is_found_and_inputs_that_are_gone_are_refused(
    call, refused, plan
):
    text = plan.read_text()
    plan.write_text(
        text.replace('<td data-head="customers">4,000<', '<td data-head="customers">4,001<')
    )
    assert plan.read_text() != text
    code, out, _ = call("recompute", plan)
    assert code == 4
    first, last = out.splitlines()
    assert first == (
        "How large a control group?, 20 %, customers: '4,001' on the page, '4,000' made again"
    )
    assert last.endswith("--output p.html': 1 difference")
    Path("plan.yaml").unlink()
    assert "plan.yaml is gone (looked in " in refused("recompute", plan)


def test_another_version_goes_on_and_says_so(call, plan):
    text = plan.read_text()
    plan.write_text(
        re.sub(
            "(&#34;|&quot;)dbnchurn(&#34;|&quot;): .0?[^,]*,",
            "&quot;dbnchurn&quot;: &quot;0.0.7&quot;,",
            text,
        )
    )
    code, out, _ = call("recompute", plan)
    assert code == 0
    assert out.startswith("the page was made by dbnchurn 0.0.7, this is ")


def test_pages_that_name_no_command_are_refused(refused, place):
    Path("p.html").write_text(plain_page("A page", "of Python", [paragraph("7 rows")]))
    assert "it was made from Python" in refused("recompute", "p.html")
    Path("q.html").write_text("<h1>Another</h1>")
    assert "does not say what made it" in refused("recompute", "q.html")
    with running(Command(["train", "run.yaml"])):
        Path("t.html").write_text(plain_page("A page", "of a run", []))
    assert "run 'dbnchurn prepare' on the config" in refused("recompute", "t.html")
    with running(Command(["plan", "--help"])):
        Path("h.html").write_text(plain_page("A page", "of nothing", []))
    assert "'dbnchurn plan --help' makes no page" in refused("recompute", "h.html")
    Path("h.html").write_text(Path("h.html").read_text().replace("{}", "7"))
    assert "was changed and cannot be read" in refused("recompute", "h.html")
    assert "No such file" in refused("recompute", "none.html")
    assert "--write is for a run" in refused("recompute", "p.html", "--write")
    with pytest.raises(ConfigError, match="made from Python"):
        recompute_page(Path("p.html"))


def test_a_new_process_makes_a_page_again(tmp_path):
    (tmp_path / "t.csv").write_text("id,debt\n" + "\n".join(f"{k},{k % 7}.5" for k in range(50)))
    for words in (["inspect", "t.csv", "--html", "p.html"], ["recompute", "p.html"]):
        command = [sys.executable, "-m", "dbnchurn", *words]
        made = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
    assert "the same" in made.stdout
