"""What classifiers and baselines learn from: training and validation rows, never test rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import pandas as pd

from dbnchurn.core.checkpoints import NOWHERE, CheckpointStore
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.typing import Floats, Ints, Rows
from dbnchurn.model.classifier import ChurnClassifier
from dbnchurn.runs.config import classifier_of
from dbnchurn.runs.metrics import by_worth
from dbnchurn.runs.side_columns import gains
from dbnchurn.tables import Customers
from dbnchurn.tables.splitting import Split


@dataclass(frozen=True, eq=False)
class LabelledFrame:
    """Features and labels of one part."""

    X: pd.DataFrame
    y: Ints

    @classmethod
    def of(cls, table: Customers, which: Rows) -> LabelledFrame:
        """Those with the given row numbers."""
        return cls(table.X.iloc[which], table.y[which])


@dataclass(frozen=True, eq=False)
class Dataset:
    """All that a fit takes.

    Parameters
    ----------
    train, validation : LabelledFrame
    groups : array, or None
        Customer of every training row.
    unlabelled : DataFrame, or None
        Customers without a known outcome, who join the pretraining.
    gain : float array
        What contacting each training customer gains.
    """

    train: LabelledFrame
    validation: LabelledFrame
    groups: npt.NDArray[Any] | None
    unlabelled: pd.DataFrame | None
    gain: Floats

    @classmethod
    def of(cls, config: Any, table: Customers, parts: Split) -> Dataset:
        """What the parts of a table hold."""
        return cls(
            train=LabelledFrame.of(table, parts.train),
            validation=LabelledFrame.of(table, parts.validation),
            groups=table.ids[parts.train] if table.id is not None else None,
            unlabelled=without_outcome(table, parts),
            gain=gains(config, table)[parts.train],
        )

    def fit(self, config: Any, store: CheckpointStore = NOWHERE, **changes: Any) -> ChurnClassifier:
        """The fitted classifier of a config.

        Parameters
        ----------
        config : RunConfig
        store : CheckpointStore
            Whatever it has already is taken from there.
        **changes
            Parameters of the classifier, in place of the config's.
        """
        if by_worth(config):
            changes["threshold__target"] = wasted_share(self.gain, self.train.y)
        return classifier_of(config, **changes).fit(
            self.train.X,
            self.train.y,
            X_val=self.validation.X,
            y_val=self.validation.y,
            groups=self.groups,
            X_unlabelled=self.unlabelled,
            checkpoints=store.folder,
        )


def wasted_share(gain: Floats, y: Ints) -> float:
    """Of every customer's worth, the one ratio for all that a classifier's threshold can know.

    It is what contacting a stayer costs in the mean, as a share of what a churner brings.

    Parameters
    ----------
    gain : float array of shape (n,)
        What contacting each customer gains, in money.
    y : int array of shape (n,)
        1 for churners.

    Raises
    ------
    ConfigError
        If contacting churners brings nothing.

    Examples
    --------
    >>> wasted_share(np.array([-2.0, -2.0, 8.0]), np.array([0, 0, 1]))
    0.25
    """
    brought, wasted = float(gain[y == 1].mean()), -float(gain[y == 0].mean())
    if brought <= 0:
        raise ConfigError(
            f"threshold.rule='profit': contacting a churner brings {brought:.3g} in the mean, so "
            "nobody is worth a contact; check campaign.costs or campaign.offer"
        )
    return min(max(wasted / brought, 0.0), 1.0)


def without_outcome(table: Customers, parts: Split) -> pd.DataFrame | None:
    """Customers without a known outcome, who may join the pretraining; None if there are none.

    Where the parts are divided by time, only those from before the tested dates: nothing is learned
    from a time that is reported on.
    """
    found = table.unlabelled
    if table.dates is not None and table.unlabelled_dates is not None:
        found = found[table.unlabelled_dates < table.dates[parts.test].min()]
    return found[list(table.X)] if len(found) else None
