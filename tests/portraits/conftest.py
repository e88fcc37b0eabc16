"""Tables of one small telecom, with gaps, and their config."""

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dbnchurn.portraits import PortraitConfig

N = 120
DAYS = {
    "customers": date(2026, 8, 31),
    "scores": date(2026, 9, 1),
    "personas": date(2026, 8, 30),
    "log": date(2026, 8, 29),
    "plan": date(2026, 9, 2),
}


def tables_of(n=N, seed=0):
    """The frames, by the names of the config."""
    generator = np.random.default_rng(seed)
    ids = [f"{k:04d}" for k in range(n)]
    age = generator.integers(18, 80, n).astype(float)
    age[::7] = np.nan
    probability = generator.random(n)
    chosen = generator.permutation(n)
    customers = pd.DataFrame(
        {
            "customer": ids,
            "age": age,
            "plan": generator.choice(["S", "M", None], n),
            "fee": np.round(generator.gamma(2, 10, n), 2),
            "joined": pd.to_datetime(generator.integers(18_262, 19_162, n), unit="D"),
            "roaming": generator.integers(0, 2, n),
            "friends": generator.integers(0, 4, n),
            "phone": [f"0170-{k:05d}" for k in range(n)],
            "street": "Main Street",
        }
    )  # fmt: skip
    scores = pd.DataFrame(
        {
            "id": ids,
            "probability": probability,
            "decision": probability > 0.5,
            "risk": np.where(probability > 0.5, "high", "low"),
            "model": "m",
            "reason_1": "Fee: 12 (raises risk)",
            "column_1": "fee",
            "reason_2": "Telephone: 0170 (lowers risk)",
            "column_2": "last_phone",
        }
    )[:-3]
    personas = pd.DataFrame({"customer": ids, "persona": generator.choice(["P1", "P2"], n)})
    personas.loc[3, "persona"] = None
    log = pd.DataFrame(
        {
            "customer": np.array(ids)[chosen[:60]],
            "campaign": "spring",
            "offer": "discount",
            "channel": "mail",
            "arm": np.where(np.arange(60) % 5 == 0, "control", "contact"),
            "propensity": 0.8,
            "contact_date": "2026-03-01",
        }
    )
    later = log[:10].assign(campaign="autumn", contact_date="2026-09-15")
    plan = pd.DataFrame(
        {
            "customer": np.array(ids)[chosen[20:50]],
            "offer": "upgrade",
            "channel": "call",
            "arm": np.where(np.arange(30) % 10 == 0, "control", "contact"),
            "value": np.round(generator.gamma(2, 9, 30), 4),
            "cost": 2.5,
            "reason": "leaves with 40 %",
        }
    )
    return {
        "customers": customers,
        "scores": scores,
        "personas": personas,
        "log": pd.concat([log, later], ignore_index=True),
        "plan": plan,
    }


def config_of(folder, ending=".csv", **changes):
    """The config of the tables in a folder."""
    sources = {n: {"path": str(folder / f"{n}{ending}"), "as_of": d} for n, d in DAYS.items()}
    plain = {
        "id": "customer",
        **sources,
        "basic": ["age", "joined"],
        "behaviour": ["plan", "fee", "roaming"],
        "social": ["friends"],
        "private": ["phone"],
        "words": str(folder / "personas_in_words.csv"),
    }
    given = {**plain, **changes}
    return PortraitConfig.model_validate({k: v for k, v in given.items() if v is not None})


def write_tables(frames, folder):
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        frame.to_parquet(folder / f"{name}.parquet")
    words = pd.DataFrame({"persona": ["P1", "P2"], "words": ["fee 20 or more", "phone 0170"]})
    words.to_csv(folder / "personas_in_words.csv", index=False)


@pytest.fixture(scope="session")
def telecom(tmp_path_factory):
    """The folder of the tables and the frames that it holds."""
    folder = tmp_path_factory.mktemp("portraits")
    frames = tables_of()
    write_tables(frames, folder)
    return SimpleNamespace(folder=folder, **frames)
