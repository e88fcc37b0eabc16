"""Finished runs without training: folders with what a run measured, of drawn scores."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from dbnchurn.evaluate import compare

THRESHOLD = 0.3


def make_run(
    folder: Path,
    *,
    skill: float = 1.0,
    seed: int = 0,
    fold: int = 1,
    customers: int = 400,
    who: int | None = None,
    settings: dict | None = None,
    baselines: dict[str, float] | None = None,
) -> Path:
    """A run whose scores tell churners by `skill`; `who` draws the customers, by default by fold.

    Outcomes depend on `who` alone, scores also on `seed` and `skill`.
    """
    generator = np.random.default_rng([100, fold if who is None else who])
    y = (generator.random(customers) < 0.25).astype(int)
    noise = generator.normal(size=customers)

    def scores(strength: float, number: int) -> np.ndarray:
        own = np.random.default_rng([seed, number]).normal(size=customers)
        return 1 / (1 + np.exp(1.2 - strength * y - 0.7 * noise - 0.7 * own))

    found = {"dbnchurn": scores(skill, 0)}
    for number, (name, strength) in enumerate((baselines or {}).items(), start=1):
        found[name] = scores(strength, number)
    measured = compare(y, found, dict.fromkeys(found, THRESHOLD), resamples=50)
    metrics = {
        "test": measured.pop("dbnchurn"),
        "baselines": measured,
        "parts": {"train": {"rows": 1200}, "validation": {"rows": 400}, "test": {"rows": 400}},
        "seconds": {"read": 0.1, "train": 2.0 + seed, **dict.fromkeys(measured, 1.0)},
    }
    config = {
        "seed": seed,
        "split": {"protocol": "kfold", "fold": fold},
        "classifier": {"network": {"pretrain": True}, **(settings or {})},
        "output": str(folder.parent),
    }
    frame = pd.DataFrame({"id": np.arange(customers), "part": "test", "label": y})
    frame["score"] = found.pop("dbnchurn")
    for name, values in found.items():
        frame[f"score {name}"] = values
    folder.mkdir(parents=True)
    frame.to_parquet(folder / "predictions.parquet", index=False)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "config.yaml").write_text(json.dumps(config))  # JSON is YAML
    return folder
