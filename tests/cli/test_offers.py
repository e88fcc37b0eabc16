"""``dbnchurn offers``: a config in; a folder and a summary out, and a list that a plan takes."""

import json

import pandas as pd

from dbnchurn.cli.offers import PANEL
from dbnchurn.data.simulate import simulate


def test_offers_of_the_simulated_telecom_are_what_a_plan_takes(call, tmp_path):
    """Products are read as they are written, and ``allocate`` takes the acceptances."""
    crm = simulate(tmp_path / "crm", customers=1200, months=12, dirt=0, products=True)
    offers = tmp_path / "offers.yaml"
    offers.write_text(
        f"purchases: {{source: {{path: {crm / 'products'}}}, customer: customer_id, "
        "item: product, date: added, group: product_group}\n"
        "acceptance_of: [sports, backup]\n"
        f"output: {tmp_path / 'runs'}\noffers: {{window: 8, n_offers: 3}}\n"
    )
    code, out, err = call("offers", str(offers))
    assert code == 0, err
    assert "stood on their lists of 3; on lists of what is most popular" in out
    folder = tmp_path / "runs" / "offers"
    wide = pd.read_csv(folder / "acceptance.csv").assign(probability=0.1)
    wide.to_csv(tmp_path / "customers.csv", index=False)
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "allocate:\n  campaign: autumn\n  contact_date: 2026-10-01\n  currency: EUR\n"
        f"  customers: {{path: {tmp_path / 'customers.csv'}}}\n  id: customer\n  worth: 100\n"
        "  effect_of: contact\n  budget: 50\n  control: 0\n"
        "  channels: {mail: {cost: 0.5}}\n"
        "  offers:\n"
        "    sports: {effect: 0.05, acceptance: acceptance sports, margin: 20,\n"
        "             when: {open sports: {one_of: [1]}}}\n"
        "    backup: {effect: 0.05, acceptance: acceptance backup, margin: 10,\n"
        "             when: {open backup: {one_of: [1]}}}\n"
    )
    code, _, err = call("allocate", str(plan), "--output", str(tmp_path / "list.csv"))
    assert code == 0, err
    chosen = pd.read_csv(tmp_path / "list.csv")
    may = wide.set_index("customer")
    assert len(chosen) > 20
    assert all(
        may.loc[c, f"open {o}"] == 1 for c, o in zip(chosen.customer, chosen.offer, strict=True)
    )


def test_the_schema_of_offers(call):
    code, out, _ = call("schema", "offers")
    assert code == 0
    assert PANEL in call("--help")[1]
    assert "acceptance_of" in json.loads(out)["properties"]
