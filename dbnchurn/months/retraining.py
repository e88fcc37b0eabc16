"""Try two numbers on the champion; where they do not suffice, train a challenger and compare."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.campaign.arm_names import CONTROL
from dbnchurn.campaign.feedback import Feedback
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.typing import Rows
from dbnchurn.months.challenge import Challenge, challenge
from dbnchurn.months.folder_registry import Champion
from dbnchurn.months.recalibrated_model import Measured, recalibrated_until, write_recalibrated
from dbnchurn.months.recalibration import fit_recalibration
from dbnchurn.months.recalibration_trial import RecalibrationTrial, try_recalibration
from dbnchurn.months.registry import Registry, champion_at, registry_at
from dbnchurn.months.replay import past_windows, replay
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.runs.backtest import backtest
from dbnchurn.runs.backtest_result import Backtest
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.folder import free_folder, open_output, read_json, write_json
from dbnchurn.runs.learned_rows import Digests
from dbnchurn.runs.training import train
from dbnchurn.scoring.month import trained_plan
from dbnchurn.scoring.sources import sources_of
from dbnchurn.tables.unused_columns import say

COMPARISON, METRICS = "challenge.json", "metrics.json"
SUFFIX = "-recalibrated"  # of the run folder of a recalibrated champion
ASIDE = 0.25  # of the newest month, for the recalibration, where all of it is tested


@dataclass(frozen=True)
class Retrained:
    """What was tried in the place of a champion, and what became of it.

    Parameters
    ----------
    run : Path
        Run folder of the challenger, with ``challenge.json``, or of the recalibrated champion.
    found : Challenge or None
        None where two numbers sufficed, so that no challenger was trained.
    champion : path or str
        The champion now: a model folder, or ``models:/NAME/VERSION``.
    trial : RecalibrationTrial or None
        The two numbers that were tried before training; None where the config tries none.
    recalibrated : Path or None
        Model folder of the recalibrated champion; None where it was not taken.
    """

    run: Path
    found: Challenge | None
    champion: str | Path
    trial: RecalibrationTrial | None = None
    recalibrated: Path | None = None

    @property
    def taken(self) -> bool:
        """Whether another model is to take the champion's place."""
        return self.recalibrated is not None or (self.found is not None and self.found.promoted)


@dataclass(frozen=True, eq=False)
class ChampionMonth:
    """The customers of the newest month, of whom the champion has not learned.

    Parameters
    ----------
    frame : DataFrame
        ``id``, ``champion`` (score) and ``outcome``.
    digests : uint64 array of shape (n,)
        Of the same customers.
    floor, threshold : float
        Of the champion.
    cutoff, closes : date or None
        Cutoff and end of the outcome window, where the tables have dates.
    contacted : array
        Ids of customers whom a campaign contacted in the outcome window, who are left out; empty
        without ``feedback``.
    """

    frame: pd.DataFrame
    digests: Digests
    floor: float
    threshold: float
    cutoff: date | None
    closes: date | None
    contacted: npt.NDArray[np.object_] = field(default_factory=lambda: np.empty(0, object))


def retrain(
    config: RunConfig,
    champion: str | Path,
    *,
    name: str = "run",
    registry: str | Path | None = None,
    mkdir: bool = False,
) -> Retrained:
    """Recalibrate the champion or train a challenger, and promote by the config's rule.

    Two numbers are tried first, on the newest month, of which the champion must not have learned:
    fitted to one half of its customers and measured on the other. Where they suffice, the
    recalibrated champion is written and nothing is trained. Otherwise a challenger is trained, and
    both are compared on its test rows of the newest month, from which it had not learned when it
    was measured; the champion's recalibration is fitted to the other rows of that month.

    With ``feedback`` in the config, the challenger's labels are weighted, and customers whom a
    campaign contacted in the newest month are left out of trial and comparison: scores promise what
    comes without a contact. Those who were held out stay in, so that high scores are compared too.

    Parameters
    ----------
    config : RunConfig
        Its ``retraining`` is the rule.
    champion : path or str
        A model folder, a folder of models, or a registered model of MLflow, as
        :func:`~dbnchurn.months.registry.champion_at` takes it; stays as it is.
    name : str, default "run"
        Of the challenger's run folder; that of a recalibrated champion has ``-recalibrated`` added.
    registry : path or str, optional
        Where models are kept, as :func:`~dbnchurn.months.registry.registry_at` takes it; by default
        that of the config. Without one nothing is promoted.
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
    place, uri = registry or config.retraining.registry, config.retraining.registry_uri
    kept = None if place is None else registry_at(place, uri)
    with champion_at(champion, uri) as found:
        return _tried(config, found, name, kept, mkdir=mkdir)


def _tried(
    config: RunConfig, champion: Champion, name: str, registry: Registry | None, *, mkdir: bool
) -> Retrained:
    """Two numbers in the champion's place, and where they do not suffice a challenger."""
    predictor = Predictor.load(champion.model)
    newest = _refused_early(config, champion.model, predictor, registry, mkdir=mkdir)
    month = _without_contacted(config, _champion_month(config, champion.model, predictor, newest))
    trial = _trial(config, month) if config.retraining.recalibrate == "first" else None
    if trial is not None and trial.suffices:
        model = _recalibrated(config, champion.model, name, month, trial, trial.fitted)
        now = champion.place if registry is None else registry.promote(model, champion)
        return Retrained(model.parent, None, now, trial, model)
    return _challenged(config, champion, name, month, trial, registry, mkdir=mkdir)


def _trial(config: RunConfig, month: ChampionMonth) -> RecalibrationTrial | None:
    """Two numbers tried on the newest month; None, which is said, where it has too few leavers."""
    try:
        return try_recalibration(
            month.frame["outcome"].to_numpy(),
            month.frame["champion"].to_numpy(),
            floor=month.floor,
            threshold=month.threshold,
            seed=config.seed,
            resamples=config.resamples,
        )
    except DataError as error:
        say([f"recalibration alone was not tried: {error}"], logging.WARNING)
        return None


def _refused_early(
    config: RunConfig,
    champion: Path,
    predictor: Predictor,
    registry: Registry | None,
    *,
    mkdir: bool,
) -> date | None:
    """Refuse what config and champion alone decide, before any work; the newest cutoff."""
    newest = None
    if config.data is not None and config.data.windows is not None:
        newest = max(config.data.windows.cutoffs)
        trained, until = trained_plan(champion, predictor).plan, recalibrated_until(predictor.about)
        past_windows(trained, config.data, [newest], until)
    section = config.feedback
    if section is not None and newest is None and (section.since is None or section.days is None):
        raise ConfigError(
            "feedback: the table has no dates, so nothing says which contacts lie in its outcome "
            "window; give feedback.since, its first day, and feedback.days"
        )
    if newest is None and (config.source is None or not config.source.path):
        raise ConfigError("a champion is compared on tables with dates, or on one table of files")
    if registry is not None:
        registry.check(champion, mkdir=mkdir)
    open_output(Path(config.output), config.sources, mkdir=mkdir)
    return newest


def _champion_month(
    config: RunConfig, champion: Path, predictor: Predictor, newest: date | None
) -> ChampionMonth:
    """Scores and outcomes of all customers of the newest month."""
    closes = None
    if newest is not None:
        assert config.data is not None
        assert config.data.windows is not None
        sources, closes = sources_of(config.data), config.data.windows.at(newest).closes
        past = replay(
            champion,
            [newest],
            sources=sources,
            resamples=1,
            keep_digests=True,
            predictor=predictor,
        )
        found = past.months[0].found
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
            keep_digests=True,
            predictor=predictor,
        )
    if found.learned:
        raise ConfigError(
            f"the champion learned from {found.learned:,} of the customers, so nothing can be "
            "compared on them; give a config of a later month"
        )
    if found.ids is None:
        raise ConfigError("customers are compared one by one, so their table needs an id column")
    assert found.digests is not None
    frame = pd.DataFrame({"id": found.ids, "champion": found.scores, "outcome": found.outcomes})
    floor, threshold = predictor.floor, predictor.threshold
    return ChampionMonth(frame, found.digests, floor, threshold, newest, closes)


def _without_contacted(config: RunConfig, month: ChampionMonth) -> ChampionMonth:
    """The month without customers whom a campaign contacted in it, whose number is said."""
    section = config.feedback
    if section is None:
        return month
    if month.cutoff is not None and month.closes is not None:
        opens, closes = np.datetime64(month.cutoff), np.datetime64(month.closes)
    else:
        opens = np.datetime64(section.since)
        closes = opens + np.timedelta64(section.days or 0, "D")
    ids, n = month.frame["id"].to_numpy(), len(month.frame)
    windows = (np.full(n, day.astype("datetime64[ns]")) for day in (opens, closes))
    feedback = Feedback.read(section, ids, month.frame["outcome"].to_numpy(), *windows)
    arms = feedback.log["arm"].to_numpy(str)
    contacted = (feedback.row >= 0) & (arms[feedback.row] != CONTROL)
    held_out = int(((feedback.row >= 0) & ~contacted).sum())
    say(
        [
            f"feedback: {contacted.sum():,} of {n:,} customers were contacted by a campaign and "
            f"are left out of the comparison; {held_out:,} who were held out stay in it"
        ]
    )
    frame = month.frame[~contacted].reset_index(drop=True)
    digests = month.digests[~contacted]
    return replace(month, frame=frame, digests=digests, contacted=ids[contacted])


def _challenged(
    config: RunConfig,
    champion: Champion,
    name: str,
    month: ChampionMonth,
    trial: RecalibrationTrial | None,
    registry: Registry | None,
    *,
    mkdir: bool,
) -> Retrained:
    """Train a challenger, and compare both on its test rows of the newest month."""
    run = train(config, name, mkdir=mkdir)
    joined, others = _compared(config, run, month)
    fitted = month.frame.iloc[others]
    scores, outcomes = fitted["champion"].to_numpy(), fitted["outcome"].to_numpy()
    numbers = fit_recalibration(scores, outcomes, floor=month.floor)
    found = challenge(
        joined["label"].to_numpy(),
        joined["champion"].to_numpy(),
        joined["score"].to_numpy(),
        numbers,
        config.retraining,
        threshold=month.threshold,
        challenger_threshold=read_json(run / METRICS)["threshold"]["value"],
        resamples=config.resamples,
    )
    told: dict[str, object] = {} if trial is None else {"recalibration_trial": trial.plain()}
    told |= {"contacted_left_out": len(month.contacted)} if config.feedback is not None else {}
    write_json(run / COMPARISON, {**found.plain(), **told})
    model, tried = None, config.retraining.recalibrate != "never"
    if tried and not found.promoted and found.recalibration_helps:
        model = _recalibrated(config, champion.model, name, month, found, others)
    now = champion.place
    if registry is not None and (taken := run / "model" if found.promoted else model) is not None:
        now = registry.promote(taken, champion)
    return Retrained(run, found, now, trial, model)


def _compared(config: RunConfig, run: Path, month: ChampionMonth) -> tuple[pd.DataFrame, Rows]:
    """Customers with both scores, and the places of those that may fit a recalibration."""
    tested = _tested(run, month.cutoff)
    tested = tested[~tested["id"].isin(month.contacted)].reset_index(drop=True)
    joined = tested.merge(month.frame, on="id", how="left", validate="one_to_one")
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
    others = np.flatnonzero(~month.frame["id"].isin(tested["id"]))
    if not len(others):  # divided by time: the newest month is tested as a whole
        aside = np.random.default_rng(config.seed).random(len(joined)) < ASIDE
        others = np.flatnonzero(month.frame["id"].isin(joined["id"][aside]))
        joined = joined[~aside]
    return joined, others


def _recalibrated(
    config: RunConfig,
    champion: Path,
    name: str,
    month: ChampionMonth,
    found: Challenge | RecalibrationTrial,
    fitted: Rows,
) -> Path:
    """Write the recalibrated champion, and what was found of it, beside the runs of the config."""
    measured = Measured(
        found.recalibration,
        len(fitted),
        found.summaries["recalibrated"],
        found.gaps["champion"],
        found.gaps["recalibrated"],
        month.cutoff,
        month.closes,
    )
    folder = free_folder(Path(config.output), f"{name}{SUFFIX}")
    digests = month.digests[fitted]
    return write_recalibrated(champion, folder, measured, digests=digests, comparison=found.plain())


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
