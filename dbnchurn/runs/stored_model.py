"""The model that a run stores: what was measured, or the same learned anew from all rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.checkpoints import NOWHERE, CheckpointStore
from dbnchurn.core.typing import Rows
from dbnchurn.runs.dataset import labelled_frame
from dbnchurn.runs.result import RunResult
from dbnchurn.tables.label import LabelWarning

if TYPE_CHECKING:
    from dbnchurn.model.classifier import ChurnClassifier


def stored_model(trained: RunResult, store: CheckpointStore = NOWHERE) -> ChurnClassifier:
    """The classifier that a run stores.

    Parameters
    ----------
    trained : RunResult
        Measured already, and its threshold final.
    store : CheckpointStore
        Finished stages that it holds are loaded, not fitted again.

    Returns
    -------
    ChurnClassifier
        With ``refit``, a new one that learned from training, validation and test rows, with the
        lengths, blend and threshold of the measured one; otherwise the measured one itself.
    """
    measured, table = trained.classifier, trained.customers
    if not measured.refit:
        return measured
    everyone = labelled_frame(table, all_rows(trained))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelWarning)  # said once, of the table
        return measured.refitted_on(
            everyone.frame,
            everyone.y,
            sample_weight=everyone.sample_weight,
            groups=everyone.groups,
            X_unlabelled=table.unlabelled[list(table.X)] if len(table.unlabelled) else None,
            checkpoints=store.folder,
        )


def all_rows(trained: RunResult) -> Rows:
    """Row numbers of training, validation and test customers, in the order of the table."""
    parts = trained.parts
    return np.sort(np.concatenate([parts.train, parts.validation, parts.test]))


def learned_rows(trained: RunResult, stored: ChurnClassifier) -> Rows:
    """Row numbers of the customers that had a part in the stored model.

    Parameters
    ----------
    trained : RunResult
    stored : ChurnClassifier
        As :func:`stored_model` gives it.

    Returns
    -------
    int array
        All of them, or training and validation rows where the measured model is the stored one.
    """
    if stored is not trained.classifier:
        return all_rows(trained)
    return np.sort(np.concatenate([trained.parts.train, trained.parts.validation]))


def stored_facts(trained: RunResult, stored: ChurnClassifier) -> dict[str, Any]:
    """From how many rows the measured and the stored model learned.

    Parameters
    ----------
    trained : RunResult
    stored : ChurnClassifier
        As :func:`stored_model` gives it.

    Returns
    -------
    dict
        ``refit``, ``measured_rows`` and ``rows``.
    """
    return {
        "refit": stored is not trained.classifier,
        "measured_rows": len(trained.parts.train),
        "rows": int(stored.about_["training"]["rows"]),
    }


def stored_sentence(facts: Mapping[str, Any]) -> str:
    """What was measured and what is stored.

    Examples
    --------
    >>> stored_sentence({"refit": True, "measured_rows": 4577, "rows": 7043})
    'The numbers are of the fit on 4,577 training customers. The stored model was then fitted \
again on all 7,043 labelled customers, with the lengths, blend and threshold of that fit.'
    >>> stored_sentence({"refit": False, "measured_rows": 4577, "rows": 4577})
    'The numbers are of the stored model, fitted on 4,577 training customers.'
    """
    if not facts["refit"]:
        return (
            f"The numbers are of the stored model, fitted on {facts['measured_rows']:,} training "
            "customers."
        )
    return (
        f"The numbers are of the fit on {facts['measured_rows']:,} training customers. The stored "
        f"model was then fitted again on all {facts['rows']:,} labelled customers, with the "
        "lengths, blend and threshold of that fit."
    )
