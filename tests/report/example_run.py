"""A run with everything that a report can show; the scores are drawn, nothing is trained."""

import numpy as np

from dbnchurn.evaluate import Offer, at_thresholds, by_group, compare
from dbnchurn.report import (
    Alternative,
    Breakdown,
    FineTuning,
    PartSummary,
    Pretraining,
    ReportInput,
    Weights,
)

FIGURES = 21


def full_run(rows: int = 3000) -> ReportInput:
    """Five models, five thresholds, months of which one is small, long names, two machines."""
    generator = np.random.default_rng(0)
    p = generator.beta(1, 9, rows)
    y = (generator.random(rows) < p).astype(int)
    noise = {"logistic regression": 0.1, "xgboost": 0.02, "without leaves": 0.05,
             "without pretraining": 0.01}  # fmt: skip
    scores = {
        "dbnchurn": p,
        **{name: np.clip(p + generator.normal(0, s, rows), 0, 1) for name, s in noise.items()},
    }
    gain = Offer().gain(y)
    metrics = compare(
        y, scores, dict.fromkeys(scores, 0.2), gain=gain, offer=Offer(), budget=300, resamples=60
    )
    cuts = {"best F1 to be expected": 0.2, "recall of 50%": 0.12, "most profit": 0.15}
    did = at_thresholds(y, p, cuts, gain=gain, resamples=60)
    months = np.where(
        np.arange(rows) < 60,
        "2024-06",
        np.where(generator.random(rows) < 0.5, "2024-07", "2024-08"),
    )
    plans = generator.choice(
        ["basic", "family", "fibre with a very long name indeed, and sports"], rows
    )
    curve = [0.5, 0.4, 0.35]
    return ReportInput(
        title="an example",
        y=y,
        scores=scores,
        metrics=metrics,
        threshold_rule="chosen for the best F1 on the validation customers",
        parts=[
            PartSummary("train", 9000, 0.1),
            PartSummary("validation", 2000, 0.1),
            PartSummary("test", rows, y.mean()),
        ],
        ablations=["without leaves", "without pretraining"],
        alternatives=[
            *(
                Alternative(name, name == "best F1 to be expected", None, found)
                for name, found in did.items()
            ),
            Alternative("precision of 90%", False, "no threshold reaches a precision of 0.9", {}),
        ],
        breakdowns=[
            Breakdown("month", True, by_group(y, p, months, 0.2, pool=False, resamples=60)),
            Breakdown("plan", False, by_group(y, p, plans, 0.2, resamples=60)),
        ],
        published={"a paper": {"accuracy": None, "precision": 0.99, "recall": 0.88, "f1": 0.89}},
        published_notes=["a paper: its figures cannot all hold."],
        budget=300,
        money="Profit assumes an offer.",
        pretraining=[
            Pretraining(
                "RBM 1, 16 hidden units", curve, [0.1, 0.0, -0.1], [0.2, 0.1, 0], [0, 0, 0]
            ),
            Pretraining("RBM 2, 8 hidden units", curve, curve, [0.5, 0.2, 0.1], (), rectified=True),
        ],
        weights=Weights(
            [f"column {i}, 1 to 2" for i in range(30)],
            list(range(1, 17)),
            generator.normal(0, 0.3, (30, 16)).tolist(),
            of_units=80,
            of_hidden=16,
            leaf_share=0.7,
        ),
        fine_tuning=FineTuning([0.7, 0.6, 0.5], [0.3, 0.2, 0.25], best_epoch=2),
        strongest={"debt": 0.7, "plan": 0.6},
        seconds={"leaves": 1.25, "pretrain": 61.04},
        facts={"source": "drawn", "seed": 0},
        config_yaml="dbn:\n  layers: [16, 8]\n",
        warnings=["Leakage check passed over: an example."],
        gain=gain,
    )
