"""What classifiers and baselines are fitted on: training and validation rows, never test rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dbnchurn.core.checkpoints import NOWHERE, CheckpointStore
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.typing import Floats, Labels, Rows
from dbnchurn.model.inputs import LabelledFrame
from dbnchurn.runs.config import CampaignSection, RunConfig, classifier_of
from dbnchurn.runs.metrics import uses_each_gain
from dbnchurn.runs.side_columns import gains
from dbnchurn.tables import Customers
from dbnchurn.tables.label import LabelWarning
from dbnchurn.tables.splitting import Split

if TYPE_CHECKING:
    from dbnchurn.model.classifier import ChurnClassifier


def labelled_frame(table: Customers, rows: Rows) -> LabelledFrame:
    """Features and labels of some customers, of weight 1 unless the table says otherwise.

    Parameters
    ----------
    table : Customers
    rows : int array of shape (n,)
        Row numbers.

    Returns
    -------
    LabelledFrame of n rows
        Its groups are the ids, where the table has a column of them.
    """
    groups = table.ids[rows] if table.id is not None else None
    weight = np.ones(len(rows)) if table.sample_weight is None else table.sample_weight[rows]
    return LabelledFrame(table.X.iloc[rows], table.y[rows], weight, groups)


@dataclass(frozen=True, eq=False)
class Dataset:
    """The arguments of a fit.

    Parameters
    ----------
    train : LabelledFrame of n rows
    validation : LabelledFrame
    unlabelled : DataFrame, or None
        Customers without a known outcome, for the pretraining.
    gain : float array of shape (n,)
        What contacting each training customer gains, in money.
    formats : mapping of column → format, optional
        How numbers and dates were written in the file.
    """

    train: LabelledFrame
    validation: LabelledFrame
    unlabelled: pd.DataFrame | None
    gain: Floats
    formats: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Customers, parts: Split, campaign: CampaignSection) -> Dataset:
        """The training and validation rows of a table.

        Parameters
        ----------
        table : Customers
        parts : Split
        campaign : CampaignSection
            Says what a contact gains.

        Returns
        -------
        Dataset
        """
        return cls(
            train=labelled_frame(table, parts.train),
            validation=labelled_frame(table, parts.validation),
            unlabelled=unlabelled_rows(table, parts),
            gain=gains(campaign, table)[parts.train],
            formats=table.feature_formats,
        )

    def fit(
        self, config: RunConfig, store: CheckpointStore = NOWHERE, **changes: Any
    ) -> ChurnClassifier:
        """The fitted classifier of a config.

        Parameters
        ----------
        config : RunConfig
        store : CheckpointStore
            Finished stages that it holds are loaded, not fitted again.
        **changes
            Parameters of the classifier, in place of the config's.

        Returns
        -------
        ChurnClassifier
        """
        if uses_each_gain(config.threshold):
            changes["threshold__target"] = wasted_share(
                self.gain, self.train.y, self.train.sample_weight
            )
        changes["formats"] = dict(self.formats) or None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LabelWarning)  # said once, of the table
            return classifier_of(config, **changes).fit(
                self.train.frame,
                self.train.y,
                X_val=self.validation.frame,
                y_val=self.validation.y,
                sample_weight=self.train.sample_weight,
                sample_weight_val=self.validation.sample_weight,
                groups=self.train.groups,
                X_unlabelled=self.unlabelled,
                checkpoints=store.folder,
            )


def wasted_share(gain: Floats, y: Labels, sample_weight: Floats | None = None) -> float:
    """The mean cost of contacting a stayer, as a share of the mean gain from a churner.

    A classifier's threshold takes one ratio for all customers; this is the one that stands for
    gains that differ between them.

    Parameters
    ----------
    gain : float array of shape (n,)
        What contacting each customer gains, in money.
    y : int array of shape (n,)
        1 for churners.
    sample_weight : float array of shape (n,), optional

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ConfigError
        If contacting churners brings nothing.

    Examples
    --------
    >>> wasted_share(np.array([-2.0, -2.0, 8.0]), np.array([0, 0, 1]))
    0.25
    """
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    left, stayed = (np.average(gain[y == k], weights=weight[y == k]) for k in (1, 0))
    brought, wasted = float(left), -float(stayed)
    if brought <= 0:
        raise ConfigError(
            f"threshold.rule='profit': contacting a churner brings {brought:.3g} in the mean, so "
            "nobody is worth a contact; check campaign.costs or campaign.offer"
        )
    return min(max(wasted / brought, 0.0), 1.0)


def unlabelled_rows(table: Customers, parts: Split) -> pd.DataFrame | None:
    """Customers without a known outcome, for the pretraining.

    Parameters
    ----------
    table : Customers
    parts : Split
        Where it divides by time, rows from the first tested date on are left out: nothing is
        learned from the time that is tested.

    Returns
    -------
    DataFrame or None
        With the columns of the features; None if there are no such customers.
    """
    frame = table.unlabelled
    if table.dates is not None and table.unlabelled_dates is not None:
        frame = frame[table.unlabelled_dates < table.dates[parts.test].min()]
    return frame[list(table.X)] if len(frame) else None
