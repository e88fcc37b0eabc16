"""Another engine than this machine: it builds tables, and may fit boosters on all their rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dbnchurn.data.build import Built
    from dbnchurn.data.draw import DrawRule
    from dbnchurn.data.plan import DataPlan
    from dbnchurn.model.booster_fitter import BoosterFitter
    from dbnchurn.model.classifier import ChurnClassifier
    from dbnchurn.tables.contract import Customers


class Engine(Protocol):
    """Builds tables, and fits boosters, where the rows lie."""

    def build(self, plan: DataPlan, folder: Path, rule: DrawRule) -> Built:
        """Build the table of features of a plan.

        Parameters
        ----------
        plan : DataPlan
        folder : Path
            New.
        rule : DrawRule
            Of a table with more rows, those of drawn customers are written.

        Returns
        -------
        Built
        """

    def boosters(self, table: Customers, built: Built) -> BoosterFitter | None:
        """What fits boosters on all rows of the table that was built last.

        Parameters
        ----------
        table : Customers
            The rows of `built`.
        built : Built

        Returns
        -------
        BoosterFitter or None
            None where all rows are in `table`.
        """

    def score_others(self, classifier: ChurnClassifier, cutoffs: list[str], folder: Path) -> bool:
        """Write predictions of the customers who are not in the table that was built last.

        Parameters
        ----------
        classifier : ChurnClassifier
            Fitted.
        cutoffs : list of str
            On which no row was trained.
        folder : Path
            New; gets Parquet files with the columns ``id``, ``cutoff``, ``label`` and ``score``.

        Returns
        -------
        bool
            False, and no folder, where all rows are in the table.
        """

    def close(self) -> None:
        """Free what is kept of the table."""
