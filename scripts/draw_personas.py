"""Draw the pictures of docs/personas.md and docs/portraits.md: ``python scripts/draw_personas.py``.

The customers are made up: four kinds of them in two months, of whom some change. The same call
gives the same pictures.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.html.picture import Picture
from dbnchurn.personas import Personas
from dbnchurn.personas.differences import figures_of, flows
from dbnchurn.personas.flow_page import flow_picture
from dbnchurn.personas.pictures import map_picture, persona_picture
from dbnchurn.portraits import PortraitConfig, Portraits
from dbnchurn.portraits.customer_page import customer_picture

IMAGES = Path(__file__).parents[1] / "docs" / "images"
N = 4_000
MOVES = 0.15  # share of the customers who are of another kind in the second month
CUSTOMER = "C0007"


def customers_of(kind: Any, seed: int) -> pd.DataFrame:
    """Customers of four kinds: newcomers, families, veterans and heavy users."""
    generator = np.random.default_rng(seed)
    tenure = generator.normal(np.array([6, 30, 70, 25])[kind], 5).clip(0).round()
    any_plan = generator.integers(0, 4, len(kind))
    plan = np.where(generator.random(len(kind)) < 0.85, kind, any_plan)
    return pd.DataFrame(
        {
            "tenure": tenure,
            "fee": np.exp(generator.normal(np.array([2.7, 3.6, 3.2, 4.3])[kind], 0.25)).round(2),
            "calls": generator.poisson(np.array([8, 25, 15, 60])[kind]).astype(float),
            "data_gb": generator.gamma(3, np.array([1.0, 4.0, 0.7, 9.0])[kind]).round(1),
            "friends": generator.poisson(np.array([0.4, 2.2, 1.2, 0.9])[kind]).astype(float),
            "plan": np.array(["prepaid", "family", "classic", "flat"])[plan],
        }
    )  # fmt: skip


def main() -> None:
    """Draw all pictures."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    generator = np.random.default_rng(0)
    kind = generator.choice(4, N, p=[0.35, 0.3, 0.2, 0.15])
    later = np.where(generator.random(N) < MOVES, generator.integers(0, 4, N), kind)
    first, second = customers_of(kind, 1), customers_of(later, 2)
    ids = pd.Index([f"C{k:04d}" for k in range(N)])
    personas = Personas(n_personas=4, random_state=0).fit(first)
    left = (generator.random(N) < np.array([0.25, 0.06, 0.04, 0.14])[kind]) * 1
    figures = figures_of(personas.labels_, personas.record_.names, left, first["fee"].to_numpy())
    before = personas.labels_.set_axis(ids)
    moves, _ = flows(before, personas.assign(second).set_axis(ids))
    pictures = {
        "personas_card": persona_picture(personas.record_.personas[0]),
        "personas_map": map_picture(figures, "fee"),
        "personas_flow": flow_picture(moves),
        "portrait_place": of_customer(first.assign(id=ids), before),
    }
    for name, picture in pictures.items():
        assert picture is not None
        (IMAGES / f"{name}.svg").write_text(picture.svg, encoding="utf-8")
        print(f"{name}: {picture.alt}")


def of_customer(customers: pd.DataFrame, personas: pd.Series[Any]) -> Picture | None:
    """Where one customer lies among all."""
    with tempfile.TemporaryDirectory() as folder:
        customers.to_parquet(f"{folder}/customers.parquet")
        personas.rename_axis("id").reset_index().to_parquet(f"{folder}/personas.parquet")
        sources = {
            name: {"path": f"{folder}/{name}.parquet", "as_of": "2026-08-31"}
            for name in ("customers", "personas")
        }
        config = PortraitConfig.model_validate(
            {"id": "id", "behaviour": ["tenure", "fee", "calls", "data_gb"], "social": ["friends"],
             **sources}
        )  # fmt: skip
        with Portraits(config) as portraits:
            return customer_picture(portraits, portraits.customer(CUSTOMER))


if __name__ == "__main__":
    main()
