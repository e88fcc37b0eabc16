"""What training found out and the predictions do not tell: curves, weights, counts and seconds.

It is stored as ``training.json``; with it, the predictions and the config, the report can be made
again.
"""

from __future__ import annotations

from typing import Any

from dbnchurn.core.provenance import versions
from dbnchurn.runs.diagnostics import first_weights, machines
from dbnchurn.runs.result import RunResult

FACTS = "training.json"
STRONGEST = 10
SUSPECT_AUC = 0.8  # of a column alone; less is suspect if it stands out
STANDS_OUT = 0.75


def facts_of(trained: RunResult, config: Any) -> dict[str, Any]:
    """Facts of a trained run, as plain data."""
    classifier, table = trained.classifier, trained.customers
    y = table.y[trained.parts.train]
    return {
        "source": _source(config),
        "train": {"rows": len(y), "churners": int(y.sum())},
        "quarantined_rows": len(table.quarantine),
        "unlabelled_rows": len(table.unlabelled),
        "warnings": _warnings(trained),
        "prepare": [str(change) for change in classifier.prepare_.log_],
        "columns_used": len(classifier.schema_.used),
        "trees": len(classifier.leaves_.record_.sizes) if classifier.use_leaves else 0,
        "strongest_columns": dict(list(trained.strength.items())[:STRONGEST]),
        "machines": machines(classifier),
        "weights": first_weights(classifier, table.X),
        "fine_tuning": classifier.curves_["finetune"],
        "versions": versions(),
    }


def _source(config: Any) -> str:
    if config.data is not None:
        return ", ".join(config.data.tables)
    return str(config.source.path or config.source.sample)


def _warnings(trained: RunResult) -> list[str]:
    found = list(trained.customers.notes)
    found += _suspect(trained.strength)
    if dropped := trained.classifier.prepare_.dropped_:
        names = ", ".join(f"{name} ({why})" for name, why in dropped.items())
        were = "1 column was" if len(dropped) == 1 else f"{len(dropped)} columns were"
        found.append(f"{were} not used: {names}.")
    ignored = [c.name for c in trained.classifier.schema_.columns if c.kind == "ignore"]
    if ignored:
        found.append(
            f"Ignored columns, identifiers by their look or by the config: {', '.join(ignored)}."
        )
    if rows := len(trained.customers.quarantine):
        broke = "1 row" if rows == 1 else f"{rows} rows"
        found.append(f"{broke} broke the contract; see quarantine.parquet for the reasons.")
    return found


def _suspect(strength: dict[str, float]) -> list[str]:
    """A column that is strong alone, or far stronger than all others, may know the outcome."""
    (name, first), *rest = [*strength.items(), ("", 0.5)]
    second = max((value for _, value in rest), default=0.5)
    stands_out = first >= STANDS_OUT and first - 0.5 >= 2 * (second - 0.5)
    if first < SUSPECT_AUC and not stands_out:
        return []
    return [
        f"Possible leak: {name} alone ranks churners with an AUC of {first:.2f}, the next best "
        f"column with {second:.2f}. Make sure that its values are known when customers are scored."
    ]
