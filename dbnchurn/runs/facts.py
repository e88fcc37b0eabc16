"""The facts of a training that its predictions do not hold: curves, weights, counts, warnings.

They are stored as ``training.json``; from them, the predictions and the config, the report can be
made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dbnchurn.core.provenance import versions
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import condition_of
from dbnchurn.runs.diagnostics import first_weights, machines
from dbnchurn.runs.result import RunResult
from dbnchurn.tables.label_classes import left_sentence
from dbnchurn.tables.unused_columns import unused_columns

FACTS = "training.json"
STRONGEST = 10
SUSPECT_AUC = 0.8  # of a column alone; less is suspect if it stands out
STANDS_OUT = 0.75


def facts_of(trained: RunResult, config: RunConfig) -> dict[str, Any]:
    """Facts of a trained run, as plain data.

    Parameters
    ----------
    trained : RunResult
    config : RunConfig

    Returns
    -------
    dict
        All of ``training.json`` but the name of the run, its seconds and its reasons.
    """
    from dbnchurn.runs.neighbour_value import neighbour_value  # trains a model

    classifier, table = trained.classifier, trained.customers
    y = table.y[trained.parts.train]
    value = neighbour_value(table, trained.parts, config)
    return {
        "source": _source(config),
        "outcome": left_sentence(condition_of(table, config), float(table.y.mean()), len(table)),
        "train": {"rows": len(y), "churners": int(y.sum())},
        "quarantined_rows": len(table.quarantine),
        "unlabelled_rows": len(table.unlabelled),
        "warnings": _warnings(trained),
        "prepare": [str(change) for change in classifier.prepare_.log_],
        "unused_columns": _unused(trained),
        "columns_used": len(classifier.schema_.used),
        "trees": len(classifier.leaves_.record_.sizes) if classifier.use_leaves else 0,
        "strongest_columns": dict(list(trained.strength.items())[:STRONGEST]),
        "machines": machines(classifier),
        "weights": first_weights(classifier, table.X),
        "fine_tuning": classifier.curves_["finetune"],
        "versions": versions(),
        **({} if value is None else {"neighbours": value}),
        **({} if (codes := classifier.about_.get("codes")) is None else {"codes": codes}),
    }


def _source(config: RunConfig) -> str:
    if config.data is not None:
        return ", ".join(config.data.tables)
    return "" if config.source is None else config.source.name


def _unused(trained: RunResult) -> list[str]:
    """What the model does not use of its table, in sentences."""
    return [*unused_columns(trained.classifier.schema_), *trained.reduced]


def _warnings(trained: RunResult) -> list[str]:
    warnings = [
        *trained.customers.notes,
        *leak_warnings(trained.strength),
        *trained.reduced,
        *network_remarks(trained.classifier.about_["networks"]),
        *code_remarks(trained.classifier.about_.get("codes")),
    ]
    if rows := len(trained.customers.quarantine):
        broke = "1 row" if rows == 1 else f"{rows} rows"
        warnings.append(f"{broke} broke the contract; see quarantine.parquet for the reasons.")
    return warnings


def network_remarks(networks: Sequence[Mapping[str, Any]]) -> list[str]:
    """What did not learn or adds nothing, of ``about_["networks"]``, in sentences.

    Examples
    --------
    >>> network_remarks([{"member": "network", "remarks": ["the skip is inert"]}])
    ['network: the skip is inert.']
    """
    return [f"{n['member']}: {remark}." for n in networks for remark in n["remarks"]]


def code_remarks(codes: Mapping[str, Any] | None) -> list[str]:
    """What machines of hidden codes did not learn, of ``about_["codes"]``, in sentences.

    Examples
    --------
    >>> found = {"kept": True, "remarks": ["machine 1 has learned nothing"]}
    >>> code_remarks(found), code_remarks(None)
    (['codes: machine 1 has learned nothing.'], [])
    """
    if codes is None or not codes["kept"]:
        return []
    return [f"codes: {remark}." for remark in codes["remarks"]]


def leak_warnings(strength: Mapping[str, float]) -> list[str]:
    """A warning if one column is strong alone, or far stronger than all others: a possible leak.

    `strength` maps columns to areas under the ROC curve, best first.

    Examples
    --------
    >>> len(leak_warnings({"debt": 0.76, "age": 0.6})), leak_warnings({"debt": 0.76, "age": 0.7})
    (1, [])
    """
    (name, first), *rest = [*strength.items(), ("", 0.5)]
    second = max((value for _, value in rest), default=0.5)
    stands_out = first >= STANDS_OUT and first - 0.5 >= 2 * (second - 0.5)
    if first < SUSPECT_AUC and not stands_out:
        return []
    return [
        f"Possible leak: {name} alone ranks churners with an AUC of {first:.2f}, the next best "
        f"column with {second:.2f}. Make sure that its values are known when customers are scored."
    ]
