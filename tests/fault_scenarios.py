"""Commands that faults are injected into: what each writes, and how it is run again."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import dbnchurn.data.infer
import dbnchurn.data.proposal
import dbnchurn.experiments.comparison_files
import dbnchurn.experiments.tuning
import dbnchurn.model.classifier
import dbnchurn.runs.segments
import dbnchurn.runs.training
import dbnchurn.scoring.job
import dbnchurn.scoring.leftovers
import dbnchurn.scoring.summary_text
import dbnchurn.segments.pictures  # noqa: F401
from dbnchurn.cli import main
from dbnchurn.cli.interruption import sigterm_as_interruption
from dbnchurn.core.scratch import LOCK
from dbnchurn.experiments.experiment import run_experiment
from tests.conftest import SMALL_RUN, make_customers, make_small, make_telco

OLD = b"of an earlier month\n"


@dataclass(frozen=True)
class Scenario:
    """A command, what it writes, and how it is run again."""

    name: str
    run: Callable[[], None]
    outputs: tuple[str, ...]
    old: tuple[str, ...] = ()  # outputs that are there before, and are replaced
    again: Callable[[], None] | None = None
    models_alone: bool = False  # reads nothing but what `prepare_models` writes


def command(*words: object) -> Callable[[], None]:
    return lambda: main([str(word) for word in words])


def save_model() -> None:
    """Replace a stored model by another."""
    with sigterm_as_interruption():
        OTHER[0].save("model")


def save_new_model() -> None:
    """Store a model where there is none."""
    with sigterm_as_interruption():
        OTHER[0].save("fresh")


OTHER: list[Any] = []  # the classifier that is saved, fitted once
RUN = ("train", "telco.yaml", *SMALL_RUN, "output=runs")


def train_again() -> None:
    unfinished = Path("runs/telco.unfinished")
    if (unfinished / "config.yaml").exists():
        main(["train", "--resume", str(unfinished)])
    elif Path("runs/telco").exists():
        main(["clean", "runs"])
    else:
        main([*RUN])


def finished(*words: object, codes: tuple[int, ...] = ()) -> None:
    """Run a command, which ends the process unless its exit code is 0 or one of `codes`."""
    try:
        main([str(word) for word in words])
    except SystemExit as end:
        if end.code and end.code not in codes:
            raise


def monitor() -> None:
    """Write the page of a history; its recommendation is an exit code."""
    finished("monitor", "months", "--output", "m.html", codes=(5, 6, 7))


def new_folder(folder: str, *words: object) -> Callable[[], None]:
    """Again, unless the folder or file is there already, which is then refused."""
    return lambda: main(["clean", "."] if Path(folder).exists() else [str(word) for word in words])


SCORE = (
    "score", "model", "t.csv", "--output", "s.csv", "--chunk-rows", 300, "--campaign", "c.csv",
    "--budget", 50, "--control", 0.2,
)  # fmt: skip
SIMULATE = ("simulate", "--output", "crm", "--customers", 60, "--months", 3)
SEGMENTS = ("segments", "segments.yaml")
PREPARE = ("prepare", "crm.yaml", "--output", "features")
EXPERIMENT = ("experiment", "grid.yaml", *SMALL_RUN, "output=tried", "--jobs", 1)
TUNE = ("tune", "tuned.yaml", *SMALL_RUN, "output=searched")
INFER = ("infer", "telco.csv", "--label", "Churn", "--output", "telco_proposed.yaml")
CONTRACTS = ("infer", "basic.parquet", "calls.parquet", "--output", "contracts.yaml")
INSPECT = ("inspect", "telco.csv", "--html", "telco.html")
SCORE_HISTORY = (
    "score",
    "model",
    "t.csv",
    "--output",
    "h.csv",
    "--history",
    "months",
    "--month",
    "2024-09-01",
)
PERSONAS = ("personas", "personas.yaml")
OFFERS = ("offers", "offers.yaml")
PORTRAIT = ("portrait", "portrait.yaml", "--profiles", "who.jsonl")
ALLOCATE = (
    "allocate",
    "campaign.yaml",
    "--output",
    "list.csv",
    "--page",
    "list.html",
    "--log",
    "sent.csv",
)
LIFT = ("lift", "contacts.csv", "outcomes.csv", "--output", "lift.html")
FORECAST = ("forecast", "forecast.yaml", "--output", "f.csv", "--page", "f.html")
VALUES = ("values", "forecast.yaml", "--output", "v.csv", "--page", "v.html")
KEYUSERS = ("keyusers", "graph.yaml", "--output", "k.csv", "--page", "k.html")
EVALUATE = ("evaluate", "one/model", "telco.csv", "--output", "measured.json")
SCENARIOS = (
    Scenario("save", save_model, ("model",), ("model",), models_alone=True),
    Scenario("save new", save_new_model, ("fresh",), models_alone=True),
    Scenario(
        "score", command(*SCORE), ("s.csv", "s.csv.job.json", "s.rejected.csv", "c.csv"),
        ("s.csv", "c.csv"),
    ),
    Scenario("simulate", command(*SIMULATE), ("crm",), (), new_folder("crm", *SIMULATE)),
    Scenario("prepare", command(*PREPARE), ("features",), (), new_folder("features", *PREPARE)),
    Scenario(
        "segments", command(*SEGMENTS), ("found/segments",), (),
        new_folder("found/segments", *SEGMENTS),
    ),
    Scenario(
        "compare", command("compare", "one", "two", "--output", "both"),
        ("both/comparison.csv", "both/comparison.md", "both/compare.html"),
        ("both/comparison.csv",),
    ),
    Scenario(
        "train", command(*RUN),
        ("runs/telco/predictions.parquet", "runs/telco/model/model.safetensors",),
        (), train_again,
    ),
    # Its run is finished: what the runs themselves write is that of train.
    Scenario(
        "experiment", command(*EXPERIMENT), ("tried/grid-experiment/comparison.csv",),
        ("tried/grid-experiment/comparison.csv",),
    ),
    Scenario("tune", command(*TUNE), ("searched/tuned-tuning/best.yaml",)),
    Scenario(
        "infer", command(*INFER), ("telco_proposed.yaml",), (),
        new_folder("telco_proposed.yaml", *INFER),
    ),
    Scenario(
        "infer contracts", command(*CONTRACTS), ("contracts.yaml",), (),
        new_folder("contracts.yaml", *CONTRACTS),
    ),
    Scenario("inspect", command(*INSPECT), ("telco.html",), ("telco.html",)),
    Scenario(
        "evaluate", command(*EVALUATE), ("measured.json",), (),
        new_folder("measured.json", *EVALUATE),
    ),
    Scenario(
        "sign", command("sign", "model", "--key", "model.key"), ("model", "model/signature.json"),
        ("model/signature.json",),
    ),
    Scenario(
        "score with a history", command(*SCORE_HISTORY), ("h.csv", "months"), ("h.csv",),
    ),
    Scenario("monitor", monitor, ("m.html",), ("m.html",)),
    Scenario("personas", command(*PERSONAS), ("groups/personas",), (),
        new_folder("groups/personas", *PERSONAS)),
    Scenario(
        "assign", command("assign", "kinds/personas", "telco.csv", "--output", "p.csv"),
        ("p.csv",), ("p.csv",),
    ),
    Scenario("offers", command(*OFFERS), ("next/offers",), (), new_folder("next/offers", *OFFERS)),
    Scenario("portrait", command(*PORTRAIT), ("who.jsonl",), ("who.jsonl",)),
    Scenario("plan", command("plan", "campaign.yaml", "--output", "plan.html"), ("plan.html",)),
    Scenario(
        "allocate", command(*ALLOCATE), ("list.csv", "list.html", "sent.csv"), ("list.csv",),
        new_folder("list.html", *ALLOCATE),
    ),
    Scenario("lift", command(*LIFT), ("lift.html",), ("lift.html",)),
    Scenario("forecast", command(*FORECAST), ("f.csv", "f.html"), ("f.csv",)),
    Scenario("values", command(*VALUES), ("v.csv", "v.html"), ("v.csv",)),
    Scenario("keyusers", command(*KEYUSERS), ("k.csv", "k.html"), ("k.csv",)),
    Scenario("clean", command("clean", "left"), ("left/kept.csv",), ("left/kept.csv",)),
)  # fmt: skip


def prepare_models(base: Path) -> None:
    """Write a model and another one; in a fork, as this process must not compute."""
    base.mkdir()
    os.chdir(base)
    make_small().fit(*make_customers()).save("model", about={"id": "customer"})
    (base.parent / "other").write_bytes(
        pickle.dumps(make_small(random_state=5).fit(*make_customers(600, 5)))
    )


def prepare_base(base: Path) -> None:
    """Write the inputs of all scenarios; in a fork too."""
    prepare_models(base)
    X, _ = make_customers()
    wrong = X.assign(customer=[f"C{i:04d}" for i in range(len(X))], debt=X["debt"].astype(object))
    wrong.loc[7, "debt"] = "much"
    wrong.to_csv("t.csv", index=False)
    make_telco().to_csv("telco.csv", index=False)
    telco = "source: {path: telco.csv}\ncolumns: {id: customerID, label: Churn}\n"
    Path("telco.yaml").write_text(telco)
    Path("segments.yaml").write_text(
        "source: {path: telco.csv}\ncolumns: {id: customerID, label: Churn}\noutput: found\n"
        "miner: {bins: 4, max_length: 1, min_count: 20, n_segments: 2, permutations: 0}\n"
    )
    from tests.data.small_crm import PLAN, crm

    plan = json.loads(json.dumps(PLAN))
    for name, frame in crm().items():
        frame.to_parquet(f"{name}.parquet", index=False)
        plan["tables"][name]["path"] = f"{name}.parquet"
    Path("crm.yaml").write_text(json.dumps({"data": plan}))
    from dbnchurn.runs import read_config, train

    config = read_config("telco.yaml", [*SMALL_RUN, "output=made"])
    for name, seed in (("one", 0), ("two", 1)):
        train(config.model_copy(update={"seed": seed}), name).rename(name)
    shutil.rmtree("made")
    Path("grid.yaml").write_text(telco + "experiment: {seeds: [0]}\n")
    run_experiment(read_config("grid.yaml", [*SMALL_RUN, "output=tried"]), "grid", jobs=1)
    space = "{classifier.network.finetune.dropout: {low: 0.0, high: 0.4, step: 0.2}}"
    Path("tuned.yaml").write_text(telco + f"tuning: {{trials: 1, space: {space}}}\n")
    write_key(Path("model.key"))
    write_campaign()
    write_customer_tables()
    finished("personas", "personas.yaml", "output=kinds")
    for month in ("2024-07-01", "2024-08-01"):
        words = ("score", "model", "t.csv", "--output", "m.csv", "--history", "months", "--month")
        finished(*words, month)
        Path("m.csv").unlink()
    gone = Path("left", ".gone.csv.0123456789ab.unfinished")
    gone.mkdir(parents=True)
    for name in (LOCK, "gone.csv", "rows.parquet"):
        (gone / name).write_bytes(OLD)


def write_key(path: Path) -> None:
    """A private key to sign with."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def write_campaign() -> None:
    """The config of a campaign with its customers, and a log with outcomes."""
    from tests.campaign.test_measurement import simulated

    log, outcomes = simulated(600)
    log.to_csv("contacts.csv", index=False)
    outcomes.to_csv("outcomes.csv", index=False)
    risk = np.linspace(0.02, 0.6, 300)
    pd.DataFrame({"id": range(300), "probability": risk}).to_csv("scores.csv", index=False)
    allocate = {
        "contact_date": "2026-10-01",
        "customers": {"path": "scores.csv"},
        "id": "id",
        "effect_of": "contact",
        "budget": 50,
        "channels": {"mail": {"cost": 0.5}},
        "offers": {"discount": {"effect": 0.1, "acceptance": 0.5, "cost": 3}},
    }
    size = {"customers": 300, "base_rate": 0.2, "effect": -0.05}
    told = {"campaign": "autumn", "currency": "EUR", "worth": 100, "control": 0.1}
    Path("campaign.yaml").write_text(json.dumps({**told, "plan": size, "allocate": allocate}))


def write_customer_tables() -> None:
    """Configs and tables of personas, offers, portraits, a forecast and key users."""
    from tests.forecast.conftest import make_customers as customer_months
    from tests.graph.conftest import make_calls
    from tests.portraits import conftest as portraits

    telco = {"source": {"path": "telco.csv"}}
    columns = {"id": "customerID", "label": "Churn"}
    grouped = {**telco, "columns": columns, "output": "groups", "personas": {"n_personas": 2}}
    Path("personas.yaml").write_text(json.dumps(grouped))
    held = {**telco, "customer": "customerID", "items": ["SeniorCitizen", "Churn"]}
    offers = {"holdings": held, "output": "next", "offers": {"n_offers": 1}}
    Path("offers.yaml").write_text(json.dumps(offers))
    portraits.write_tables(portraits.tables_of(), Path())
    config = portraits.config_of(Path())
    Path("portrait.yaml").write_text(config.model_dump_json(exclude_unset=True))
    customer_months(n=200).to_csv("months.csv", index=False)
    forecast = {
        "history": {"path": "months.csv"}, "id": "id", "month": "month", "left": "left",
        "segment": "segment", "revenue": "bill", "currency": "EUR", "horizon": 1, "sample": 1000,
        "values": {"months": 2},
    }  # fmt: skip
    Path("forecast.yaml").write_text(json.dumps(forecast))
    make_calls(people=60, rows=1_000).to_csv("calls.csv", index=False)
    graph = {"calls": {"path": "calls.csv"}, "caller": "from", "callee": "to", "date": "day"}
    Path("graph.yaml").write_text(json.dumps({**graph, "seeds": 3}))
