"""Train a challenger on the newest months and hold it against the champion."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.places import check_places, make_folder
from dbnchurn.months.challenge import Challenge, challenge
from dbnchurn.months.recalibration import fit_recalibration
from dbnchurn.months.registry import promote
from dbnchurn.months.replay import past_windows, replay
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.runs.backtest import Backtest, backtest
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.folder import write_json
from dbnchurn.runs.training import train
from dbnchurn.scoring.month import trained_plan

COMPARISON = "challenge.json"
ASIDE = 0.25  # of the newest month, for the recalibration, where all of it is tested


@dataclass(frozen=True)
class Retrained:
    """A challenger and what became of it.

    Parameters
    ----------
    run : Path
        Run folder of the challenger, with ``challenge.json``.
    found : Challenge
    champion : Path
        The model folder that is the champion now.
    """

    run: Path
    found: Challenge
    champion: Path


def retrain(
    config: RunConfig,
    champion: str | Path,
    *,
    name: str = "run",
    registry: str | Path | None = None,
    mkdir: bool = False,
) -> Retrained:
    """Train by a config, compare with the champion on the same rows, promote by the config's rule.

    The rows are the test rows of the newest cutoff, which the challenger was not trained on when
    it was measured; the champion must not have learned from them. Its recalibration is fitted to
    the other rows of that month.

    Parameters
    ----------
    config : RunConfig
        Its ``retraining`` is the rule.
    champion : path
        Model folder.
    name : str, default "run"
        Of the challenger's run folder.
    registry : path, optional
        Folder in which models are kept; without one nothing is promoted.
    mkdir : bool, default False
        Whether the folders above the output are made if they do not exist.

    Returns
    -------
    Retrained

    Raises
    ------
    ConfigError, DataError, ArtifactError
        If config, tables or champion cannot be used, or the champion learned from the rows.
    """
    champion = Path(champion)
    predictor = Predictor.load(champion)
    # What the config alone decides is refused before anything is trained.
    newest = None
    if config.data is not None and config.data.windows is not None:
        newest = max(config.data.windows.cutoffs)
        past_windows(trained_plan(champion, predictor).plan, config.data, [newest])
    if registry is not None:
        check_places({"registry": Path(registry)}, {"model": [champion]}, mkdir=mkdir)
        if mkdir:
            make_folder(Path(registry).parent, "registry")
    if config.feedback is not None:
        raise ConfigError(
            "retrain compares outcomes as they came, and 'feedback' weights them: leave it out, or "
            "train by itself and compare by 'evaluate --contact-log'"
        )
    if newest is None and (config.source is None or not config.source.path):
        raise ConfigError("a champion is compared on tables with dates, or on one table of files")
    run = train(config, name, mkdir=mkdir)
    scored = _champion_scores(config, champion, run, newest)
    tested = _tested(run, newest)
    joined = tested.merge(scored, on="id", how="left", validate="one_to_one")
    if lost := int(joined["champion"].isna().sum()):
        raise DataError(
            f"the champion has no score for {lost} of {len(joined)} customers that both are to be "
            "compared on; check that both read the same tables"
        )
    if (joined["label"] != joined["outcome"]).any():
        raise DataError(
            "champion and challenger do not agree on who left, so they cannot be compared: their "
            "labels or windows differ"
        )
    others = scored[~scored["id"].isin(tested["id"])]
    if not len(others):  # divided by time: the newest month is tested as a whole
        aside = np.random.default_rng(config.seed).random(len(joined)) < ASIDE
        others, joined = joined[aside], joined[~aside]
    found = challenge(
        joined["label"].to_numpy(),
        joined["champion"].to_numpy(),
        joined["score"].to_numpy(),
        fit_recalibration(others["champion"].to_numpy(), others["outcome"].to_numpy()),
        config.retraining,
        threshold=predictor.threshold,
        resamples=config.resamples,
    )
    write_json(run / COMPARISON, found.plain())
    if found.promoted and registry is not None:
        champion = promote(Path(registry), champion, run / "model")
    return Retrained(run, found, champion)


def _champion_scores(
    config: RunConfig, champion: Path, run: Path, newest: date | None
) -> pd.DataFrame:
    """``id``, ``champion`` (score) and ``outcome`` of all customers of the newest month."""
    if newest is not None:
        sources = run / "config.yaml"
        months = replay(champion, [newest], sources=sources, resamples=1).months
        found = months[0].found
        assert isinstance(found, Backtest)
    else:
        columns = config.columns
        assert config.source is not None
        assert config.source.path
        assert columns is not None
        found = backtest(
            champion,
            config.source.path,
            label=columns.label,
            positive=columns.positive,
            negative=columns.negative,
            resamples=1,
        )
    if found.learned:
        raise ConfigError(
            f"the champion learned from {found.learned:,} of the customers, so nothing can be "
            "compared on them; give a config of a later month"
        )
    if found.ids is None:
        raise ConfigError("customers are compared one by one, so their table needs an id column")
    return pd.DataFrame({"id": found.ids, "champion": found.scores, "outcome": found.outcomes})


def _tested(run: Path, newest: date | None) -> pd.DataFrame:
    """``id``, ``label`` and ``score`` of the challenger's test rows of the newest month."""
    frame = pd.read_parquet(run / "predictions.parquet")
    frame = frame[frame["part"] == "test"]
    if newest is not None and "month" in frame:
        frame = frame[pd.to_datetime(frame["month"]).dt.strftime("%Y-%m") == f"{newest:%Y-%m}"]
    if not len(frame):
        raise DataError("no test row is of the newest cutoff, so nothing can be compared")
    if frame["id"].duplicated().any():
        raise DataError(
            "customers are among the test rows more than once, so they cannot be compared one by "
            "one; give a config of one month"
        )
    return frame[["id", "label", "score"]].reset_index(drop=True).astype({"score": np.float64})
