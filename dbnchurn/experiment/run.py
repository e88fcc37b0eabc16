"""One run, start to end: table → parts → model and baselines → run folder."""

from __future__ import annotations

import json
import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.classifier import ChurnClassifier
from dbnchurn.config import dump
from dbnchurn.data import Customers, customers, split
from dbnchurn.data.build import Built
from dbnchurn.data.contract import Contract
from dbnchurn.data.quality import write_quality
from dbnchurn.data.samples import PARTS, Parts
from dbnchurn.decide import choose_threshold
from dbnchurn.evaluate import compare, evaluate
from dbnchurn.experiment.baselines import PEERS, VARIANTS, Rows
from dbnchurn.experiment.folder import new_folder, open_output
from dbnchurn.experiment.page import write_report
from dbnchurn.experiment.run_config import classifier_of
from dbnchurn.experiment.tables import (
    QUALITY,
    build_tables,
    check_leakage,
    shares_attained,
    stored_plan,
    write_tables,
)
from dbnchurn.experiment.trained import MODEL, Scores, Trained
from dbnchurn.experiment.unfinished import Unfinished
from dbnchurn.progress import stage
from dbnchurn.stored import Arrays, Shelf

log = logging.getLogger(__name__)


def train(config: Any, name: str = "run") -> Path:
    """Train and report as `config` says.

    Parameters
    ----------
    config : RunConfig
    name : str
        Name of the run folder; a number is added if there is one of that name.

    Returns
    -------
    folder : Path
        With ``config.yaml``, ``predictions.parquet``, ``metrics.json``, ``report.html``, ``model/``
        and, if rows were set aside, ``quarantine.parquet``. It appears when all of it is written.

    Raises
    ------
    DataError, ConfigError
        If the table or the config cannot be used.
    """
    open_output(Path(config.output))
    return _finish(config, Unfinished.begin(config, name))


def resume(folder: str | Path) -> Path:
    """Finish a run that was interrupted, to the same result as without the interruption.

    Parameters
    ----------
    folder : path
        ``NAME.unfinished``, or the run folder that it would have become.

    Returns
    -------
    folder : Path
        As of :func:`train`.

    Raises
    ------
    ConfigError
        If there is no such unfinished run, or its rows are no longer those it was begun with.
    """
    unfinished = Unfinished.at(folder)
    if unfinished.whole:
        unfinished.discard()
        return unfinished.target
    return _finish(unfinished.config(), unfinished)


def _finish(config: Any, unfinished: Unfinished) -> Path:
    """Train from whatever is there already, and write the run folder."""
    seconds: dict[str, float] = {}
    with unfinished.underway(), tempfile.TemporaryDirectory(prefix="dbnchurn-") as work:
        built = None
        with stage("read", seconds):
            if config.data is not None:
                table, built = build_tables(config, Path(work, "tables"))
            else:
                table = load_customers(config)
            parts = divide(table, config)
        with stage("check", seconds):
            table = check_leakage(config, table, parts, built)
        trained = fit_all(config, table, parts, seconds, unfinished.shelf)
        with stage("evaluate", seconds):
            trained.metrics.update(measure(trained, config))
        trained.metrics["prepare"] = [str(c) for c in trained.classifier.prepare_.log_]
        trained.metrics["seconds"] = {**seconds, "classifier": trained.classifier.seconds_}
        return write(trained, config, unfinished, built)


def load_customers(config: Any) -> Customers:
    """The one table of the config, held to its contract."""
    columns = config.columns
    contract = Contract(
        label=columns.label,
        id=columns.id,
        date=columns.date,
        positive=columns.positive,
        drop=columns.drop,
        max_quarantine=columns.max_quarantine,
    )
    table = customers(config.source.read(), contract)
    log.info(
        "%d customers, %d columns, %.2f %% left; %d more without an outcome; "
        "%d rows in quarantine", len(table), table.X.shape[1], 100 * table.y.mean(),
        len(table.unlabelled), len(table.quarantine),
    )  # fmt: skip
    return table


def divide(table: Customers, config: Any) -> Parts:
    """Train, validation and test rows."""
    groups = table.ids if table.id is not None else None
    return split(
        table.y,
        validation=config.split.validation,
        test=config.split.test,
        dates=table.dates,
        closed=table.closed,
        groups=groups,
        seed=config.seed,
    )


def fit_all(
    config: Any, table: Customers, parts: Parts, seconds: dict[str, float], shelf: Shelf = Shelf()
) -> Trained:
    """Fit the classifier and the baselines on the same rows, and score what they have not seen.

    Whatever `shelf` has already is taken from there.
    """
    rows = {part: _rows(table, getattr(parts, part)) for part in PARTS}
    groups = table.ids[parts.train] if table.id is not None else None
    unlabelled = without_outcome(table, parts)
    with stage("train", seconds):
        classifier = _fit(classifier_of(config), rows, groups, unlabelled, shelf.part(MODEL))
    scores = {MODEL: _score(classifier.predict_proba, rows)}
    for baseline in config.baselines:
        with stage(baseline, seconds):
            if baseline in VARIANTS:
                variant = classifier_of(config, **VARIANTS[baseline])
                variant = _fit(variant, rows, groups, unlabelled, shelf.part(baseline))
                scores[baseline] = _score(variant.predict_proba, rows)
            else:
                scores[baseline] = _peer_scores(baseline, rows, config, shelf)
    rule = classifier.threshold
    thresholds = {
        model: choose_threshold(
            rows["validation"].y, found["validation"], rule.rule, rule.target
        ).threshold
        for model, found in scores.items()
    }
    return Trained(classifier, table, parts, scores, thresholds)


def without_outcome(table: Customers, parts: Parts) -> pd.DataFrame | None:
    """Customers without a known outcome, who may join the pretraining; None if there are none.

    Where the parts are divided by time, only those from before the tested dates: nothing is learned
    from a time that is reported on.
    """
    found = table.unlabelled
    if table.dates is not None and table.unlabelled_dates is not None:
        found = found[table.unlabelled_dates < table.dates[parts.test].min()]
    return found[list(table.X)] if len(found) else None


def _rows(table: Customers, which: npt.NDArray[np.intp]) -> Rows:
    return Rows(table.X.iloc[which], table.y[which])


def _fit(
    classifier: ChurnClassifier,
    rows: dict[str, Rows],
    groups: npt.NDArray[Any] | None,
    unlabelled: pd.DataFrame | None,
    shelf: Shelf,
) -> ChurnClassifier:
    train, val = rows["train"], rows["validation"]
    return classifier.fit(
        train.X,
        train.y,
        X_val=val.X,
        y_val=val.y,
        groups=groups,
        X_unlabelled=unlabelled,
        checkpoints=shelf.folder,
    )


def _peer_scores(
    baseline: str, rows: dict[str, Rows], config: Any, shelf: Shelf
) -> dict[str, Scores]:
    def fit_and_score() -> tuple[Arrays, None]:
        return dict(_score(PEERS[baseline](rows["train"], rows["validation"], config), rows)), None

    return shelf.once(baseline, fit_and_score)[0]


def _score(predict: Any, rows: dict[str, Rows]) -> dict[str, Scores]:
    found = {part: np.asarray(predict(rows[part].X)) for part in ("validation", "test")}
    return {part: s[:, 1] if s.ndim == 2 else s for part, s in found.items()}


def measure(trained: Trained, config: Any) -> dict[str, Any]:
    """Everything that ``metrics.json`` says about how good the models are."""
    y = trained.customers.y
    test = compare(
        y[trained.parts.test],
        {model: found["test"] for model, found in trained.scores.items()},
        trained.thresholds,
        repeats=config.repeats,
        random_state=config.seed,
    )
    validation = evaluate(
        y[trained.parts.validation],
        trained.scores[MODEL]["validation"],
        trained.thresholds[MODEL],
        repeats=config.repeats,
        random_state=config.seed,
    )
    rule = trained.classifier.threshold
    own = test.pop(MODEL)
    truth: dict[str, Any] = {}
    if config.data is not None and config.data.truth is not None:
        found = shares_attained(config, trained.customers, trained.parts.test, own)
        truth["attainable"] = found
    return {
        "test": own,
        "validation": validation,
        "threshold": {
            "value": trained.thresholds[MODEL],
            "rule": rule.rule,
            "target": rule.target,
            "chosen_on": "validation",
        },
        "parts": {
            part: {
                "rows": len(which),
                "churners": int(y[which].sum()),
                "base_rate": float(y[which].mean()),
            }
            for part, which in ((part, getattr(trained.parts, part)) for part in PARTS)
        },
        "baselines": test,
        "quarantined_rows": len(trained.customers.quarantine),
        "unlabelled_rows": len(trained.customers.unlabelled),
        **truth,
    }


def predictions(trained: Trained) -> pd.DataFrame:
    """Id, part, label and score of every row that was not trained on, and the baselines' scores."""
    frames = []
    for part in ("validation", "test"):
        which = getattr(trained.parts, part)
        frame = pd.DataFrame(
            {
                "id": trained.customers.ids[which],
                "part": part,
                "label": trained.customers.y[which],
                "score": trained.scores[MODEL][part],
            }
        )
        for model, found in trained.scores.items():
            if model != MODEL:
                frame[f"score {model}"] = found[part]
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def write(
    trained: Trained, config: Any, unfinished: Unfinished, built: Built | None = None
) -> Path:
    """Write the run folder aside and rename it when it is whole."""
    folder = unfinished.target
    with new_folder(folder, unfinished.aside) as aside:
        (aside / "config.yaml").write_text(dump(config), encoding="utf-8")
        predictions(trained).to_parquet(aside / "predictions.parquet", index=False)
        text = json.dumps(trained.metrics, indent=1, allow_nan=False)
        (aside / "metrics.json").write_text(text, encoding="utf-8")
        if len(trained.customers.quarantine):
            quarantine = trained.customers.quarantine.astype(str)
            quarantine.to_parquet(aside / "quarantine.parquet", index=False)
        about: dict[str, Any] = {"id": trained.customers.id}
        if built is not None:
            about["data"] = stored_plan(built)
            write_tables(aside, built)
        write_quality(aside / QUALITY, trained.customers, built, trained.customers.notes)
        trained.classifier.save(aside / "model", about=about)
        write_report(aside / "report.html", trained, config, folder.name)
    return folder
