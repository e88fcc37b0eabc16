"""What a run does with its table: models fitted, measured and explained; the run folder written."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.campaign.feedback import WeightedLabels
from dbnchurn.config import dump
from dbnchurn.core.checkpoints import NOWHERE, CheckpointStore
from dbnchurn.core.files import atomic_folder
from dbnchurn.core.progress import stage
from dbnchurn.core.typing import Arrays, Floats
from dbnchurn.data.build import Built
from dbnchurn.data.quality_page import write_quality
from dbnchurn.model.booster_fitter import boosters_fitted_by
from dbnchurn.model.classifier import ChurnClassifier
from dbnchurn.model.inputs import LabelledFrame
from dbnchurn.runs.all_test_rows import OTHERS, unseen_cutoffs
from dbnchurn.runs.baselines import PEERS, VARIANTS, Predict, baselines_of
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import (
    QUALITY,
    condition_of,
    stored_plan,
    write_tables,
)
from dbnchurn.runs.dataset import Dataset, labelled_frame
from dbnchurn.runs.drivers import find_drivers
from dbnchurn.runs.engine import Engine
from dbnchurn.runs.facts import FACTS, facts_of
from dbnchurn.runs.feedback import FITTED, plain
from dbnchurn.runs.folder import write_json
from dbnchurn.runs.learned_rows import LEARNED, RowDigests, write_learned_rows
from dbnchurn.runs.metrics import chosen, measured, uses_each_gain
from dbnchurn.runs.predictions import predictions
from dbnchurn.runs.published import write_table
from dbnchurn.runs.report import write_report
from dbnchurn.runs.result import MODEL, Findings, RunResult
from dbnchurn.runs.side_columns import gains
from dbnchurn.runs.stored_model import learned_rows, stored_facts, stored_model
from dbnchurn.runs.unfinished import Unfinished
from dbnchurn.tables import Customers
from dbnchurn.tables.id_spelling import IdSpelling
from dbnchurn.tables.splitting import Split
from dbnchurn.tables.unused_columns import say


def fit_and_write(
    config: RunConfig,
    table: Customers,
    parts: Split,
    built: Built | None,
    weighted: dict[str, WeightedLabels],
    *,
    unfinished: Unfinished,
    engine: Engine | None,
    seconds: dict[str, float],
    work: Path,
) -> Path:
    """Fit, measure and explain the models of a run, and write its folder.

    Parameters
    ----------
    config : RunConfig
    table : Customers
    parts : Split
    built : Built or None
        How several tables became one.
    weighted : dict of part → WeightedLabels
        What was done to labels of months with a campaign.
    unfinished : Unfinished
        Says where, and holds what is done already.
    engine : Engine or None
    seconds : dict of stage → float
        Gets the wall seconds of every stage.
    work : Path
        Folder for what is written meanwhile.

    Returns
    -------
    folder : Path
    """
    fitter = None if engine is None or built is None else engine.boosters(table, built)
    with boosters_fitted_by(fitter):
        trained = fit_all(config, table, parts, seconds, unfinished.store)
    say(trained.reduced)
    with stage("evaluate", seconds):
        drawn = built is not None and built.draw is not None
        others = _score_others(trained, engine if drawn else None, work)
        found = findings(trained, config, others)
        found.facts["feedback"] = plain(weighted)
    with stage("explain", seconds):
        reasons = find_drivers(trained, config.display_names, config.seed)
    with stage("refit", seconds), boosters_fitted_by(fitter):
        stored = stored_model(trained, unfinished.store.part("stored"))
    found.metrics["seconds"] = {
        **seconds,
        "classifier": trained.classifier.seconds_,
        "fit": trained.fit_seconds,
    }
    found.facts.update(
        name=unfinished.target.name,
        seconds=found.metrics["seconds"],
        reasons=reasons,
        stored=stored_facts(trained, stored),
    )
    return write(config, unfinished, trained, stored, found, built)


def fit_all(
    config: RunConfig,
    table: Customers,
    parts: Split,
    seconds: dict[str, float],
    store: CheckpointStore = NOWHERE,
) -> RunResult:
    """Fit the classifier and the baselines on the same rows; score validation and test rows.

    Parameters
    ----------
    config : RunConfig
    table : Customers
    parts : Split
    seconds : dict of stage → float
        Gets the wall seconds of every stage.
    store : CheckpointStore
        Finished stages that it holds are loaded, not fitted again.

    Returns
    -------
    RunResult
    """
    dataset = Dataset.of(table, parts, config.campaign)
    rows = {"validation": dataset.validation, "test": labelled_frame(table, parts.test)}
    fit_seconds: dict[str, float | None] = {}
    with stage("train", seconds):
        classifier, fit_seconds[MODEL] = _timed_fit(dataset, config, store.part(MODEL))
    scores = {MODEL: _score(classifier.predict_proba, rows)}
    for baseline in baselines_of(config.baselines):
        with stage(baseline, seconds):
            if baseline in VARIANTS:
                variant, fit_seconds[baseline] = _timed_fit(
                    dataset, config, store.part(baseline), **VARIANTS[baseline]
                )
                scores[baseline] = _score(variant.predict_proba, rows)
            else:
                peer = _peer_scores(baseline, dataset, rows, config, store)
                scores[baseline], fit_seconds[baseline] = peer
    rule = config.threshold
    if uses_each_gain(rule):
        gain = gains(config.campaign, table)[parts.validation]
        validation = scores[MODEL]["validation"]
        classifier.decide_by(
            chosen(rule, dataset.validation.y, validation, gain, dataset.validation.sample_weight)
        )
    return RunResult(classifier, table, parts, scores, fit_seconds)


def _timed_fit(
    dataset: Dataset, config: RunConfig, store: CheckpointStore, **changes: Any
) -> tuple[ChurnClassifier, float | None]:
    """A fitted classifier and the seconds of its fit; None where a part of it was done before."""
    resumed, started = store.kept, time.perf_counter()
    classifier = dataset.fit(config, store, **changes)
    return classifier, None if resumed else time.perf_counter() - started


def _peer_scores(
    baseline: str,
    dataset: Dataset,
    rows: dict[str, LabelledFrame],
    config: RunConfig,
    store: CheckpointStore,
) -> tuple[dict[str, Floats], float | None]:
    """Scores of a peer by part, and the seconds of its fit."""

    def fit_and_score() -> tuple[Arrays, dict[str, float]]:
        started = time.perf_counter()
        predict = PEERS[baseline](
            dataset.train,
            dataset.validation,
            kinds=config.kinds,
            formats=dataset.formats,
            random_state=config.seed,
            n_threads=config.n_threads,
        )
        seconds = time.perf_counter() - started
        return dict(_score(predict, rows)), {"seconds": seconds}

    scores, facts = store.get_or_compute(baseline, fit_and_score)
    return scores, (facts or {}).get("seconds")  # kept by an earlier version, it has none


def _score(predict: Predict, rows: dict[str, LabelledFrame]) -> dict[str, Floats]:
    """Probabilities of each part; of two columns, as classifiers give them, the second."""
    scores = {part: np.asarray(predict(labelled.frame)) for part, labelled in rows.items()}
    return {part: s[:, 1] if s.ndim == 2 else s for part, s in scores.items()}


def _score_others(trained: RunResult, engine: Engine | None, work: Path) -> Path | None:
    """Predictions of the customers of the test months who were not drawn, where there are any."""
    if engine is None or not (cutoffs := unseen_cutoffs(trained.customers, trained.parts)):
        return None
    folder = work / OTHERS
    return folder if engine.score_others(trained.classifier, cutoffs, folder) else None


def findings(trained: RunResult, config: RunConfig, others: Path | None = None) -> Findings:
    """Predictions, facts, and the metrics that follow from both.

    Parameters
    ----------
    trained : RunResult
    config : RunConfig
    others : Path, optional
        Folder with predictions of customers who were not drawn.

    Returns
    -------
    Findings
    """
    frame, facts = predictions(trained, config), facts_of(trained, config)
    return Findings(frame, measured(frame, config, facts, others), facts, others)


def write(
    config: RunConfig,
    unfinished: Unfinished,
    trained: RunResult,
    stored: ChurnClassifier,
    found: Findings,
    built: Built | None,
) -> Path:
    """Write the run folder under a temporary name and rename it when it is complete.

    Parameters
    ----------
    config : RunConfig
    unfinished : Unfinished
        Says where.
    trained : RunResult
    stored : ChurnClassifier
        Goes into the model folder.
    found : Findings
        Contents of the files.
    built : Built or None
        How several tables became one.

    Returns
    -------
    folder : Path
    """
    table, folder = trained.customers, unfinished.target
    with atomic_folder(folder, unfinished.aside) as aside:
        (aside / "config.yaml").write_text(dump(config), encoding="utf-8")
        found.predictions.to_parquet(aside / "predictions.parquet", index=False)
        if found.others is not None:
            shutil.copytree(found.others, aside / OTHERS)
        write_json(aside / "metrics.json", found.metrics)
        write_json(aside / "curves.json", trained.classifier.curves_)
        write_json(aside / FACTS, found.facts)
        write_table(aside, found.metrics, config.published)
        if len(table.quarantine):
            table.quarantine.astype(str).to_parquet(aside / "quarantine.parquet", index=False)
        about: dict[str, Any] = {
            "id": table.id,
            "column_labels": dict(config.display_names),
            "notes": list(dict.fromkeys(table.notes)),
            "ids": None if table.id is None else asdict(IdSpelling.of(pd.Series(table.ids))),
            **_measured(found),
        }
        if config.source is not None and config.source.missing:
            about["missing"] = list(config.source.missing)
        about["left"] = condition_of(table, config)
        if table.meaning is not None:
            about |= table.meaning.as_dict()
        if found.facts["feedback"]:
            about["feedback"] = found.facts["feedback"][FITTED]
        if built is not None:
            about["data"] = stored_plan(built)
            if built.draw is not None:
                about["draw"] = built.draw.as_dict()
                if built.draw.boosted and stored.use_leaves:
                    boosters = stored.leaves_
                    about["draw"] |= {"booster_rows": boosters.rows_, "workers": boosters.workers_}
            write_tables(aside, built)
        write_quality(aside / QUALITY, table, built, table.notes)
        stored.save(aside / "model", about=about)
        rows = learned_rows(trained, stored)
        ids = None if table.id is None else list(table.ids[rows])
        write_learned_rows(aside / LEARNED, RowDigests(stored.schema_, table.X.iloc[rows], ids))
        if config.report.page:
            write_report(aside)
    return folder


def _measured(found: Findings) -> dict[str, Any]:
    """The numbers that the model carries, and what they were measured on.

    Those of the test rows where the stored model learned from them, after they were measured. Of
    one that did not, no byte depends on a test row: it has those of the validation rows.
    """
    part = "test" if found.facts["stored"]["refit"] else "validation"
    on = {"part": part, "rows": found.facts["stored"]["measured_rows"]}
    return {"metrics": found.metrics[part], "measured": on}
