"""The predictor: a stored model, loaded, with which customers are scored."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.blas import reserve_blas_memory
from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.records import pack
from dbnchurn.core.typing import Floats
from dbnchurn.decide.decide_record import decide
from dbnchurn.features.plausibility_record import PlausibilityRecord, examine_rows
from dbnchurn.predictor.artifact import load_stored, version_of
from dbnchurn.predictor.customer_rows import ids_of, no_customer_notes, zeros_lost
from dbnchurn.predictor.explain.contributions import Explainer
from dbnchurn.predictor.explain.reason_codes import find_reasons, stored_labels
from dbnchurn.predictor.explain.what_if import Value, settings_of, what_if, what_if_frame
from dbnchurn.predictor.model_record import ModelRecord, logits
from dbnchurn.predictor.odd_rows import column_texts, count_odd, machine_of
from dbnchurn.predictor.reference import Reference
from dbnchurn.predictor.rescaled import FEWEST_VALUES
from dbnchurn.predictor.scores import Scored, check_edges, default_edges, oddities, tiers
from dbnchurn.tables.doubtful_values import without_missing
from dbnchurn.tables.reading import as_frame, read
from dbnchurn.tables.schema import Schema

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")

LEADING = 3  # reasons whose columns a what-if changes where none is named
log = logging.getLogger(__name__)


class Predictor:
    """Scores customers with a stored model.

    Guarantees: nothing of the model is executed; columns are found by name, in any order, and
    others are ignored; a row alone gets the same number as in a batch; a category that training
    did not have adds nothing to the score. One predictor may be used by several threads at once.

    Parameters
    ----------
    model : ModelRecord
    about : dict
        The plain data that was stored with the model.
    n_threads : int, default 1
    risk_edges : three rising probabilities, optional
        Where the risk tiers medium, high and very high begin; by default at 1, 2 and 5 times the
        odds of the average customer of the training.
    version : str, optional
        As :func:`~dbnchurn.predictor.artifact.version_of` gives it; computed if not given.
    digest : str, default ""
        Of the folder that the model was loaded from.

    Attributes
    ----------
    classes_ : array of two labels
        Of those who stayed and of those who left, in this order; column 1 of ``predict_proba`` is
        the probability of leaving.
    version : str
        A hash of what scoring uses of the model; it stays the same when notes on the model change.
    digest : str
        A hash of every byte of the model folder, as ``dbnchurn digest MODEL`` prints it; empty for
        a model that was not loaded.

    Raises
    ------
    ConfigError
        If the risk edges are no three rising probabilities.

    Examples
    --------
    >>> import tempfile
    >>> from dbnchurn import ChurnClassifier, Predictor
    >>> customers = pd.DataFrame({"debt": [5.0, 80.0] * 50, "plan": ["basic", "family"] * 50})
    >>> model = ChurnClassifier(use_leaves=False, use_companion=False, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.fit(customers, ["no", "yes"] * 50).save(folder)
    ...     predictor = Predictor.load(folder)
    >>> leaving = predictor.predict_proba(customers)[:, 1]
    >>> leaving.shape, bool(leaving[0] < leaving[1])
    ((100,), True)
    >>> list(predictor.score(customers))
    ['id', 'probability', 'decision', 'risk', 'model']
    >>> predictor.reasons(customers, k=1)["reason_1"][1]
    'debt: 80 (raises risk)'
    """

    def __init__(
        self,
        model: ModelRecord,
        about: dict[str, Any],
        n_threads: int = 1,
        risk_edges: Iterable[float] | None = None,
        version: str | None = None,
        digest: str = "",
    ) -> None:
        reserve_blas_memory()
        self._model = model
        self.about = about
        self.n_threads = n_threads
        edges = default_edges(model.decide.prior) if risk_edges is None else risk_edges
        self.risk_edges = check_edges(edges)
        self.classes_ = model.classes
        self.version = version or version_of(*pack(model))
        self.digest = digest

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        n_threads: int = 1,
        risk_edges: Iterable[float] | None = None,
        expect: str | None = None,
        public_key: str | Path | None = None,
    ) -> Predictor:
        """Load a model that ``ChurnClassifier.save`` wrote.

        Parameters
        ----------
        folder : str or Path
        n_threads, risk_edges
            As the class takes them.
        expect : str, optional
            Digest that the model has to have; any other model is refused.
        public_key : path, optional
            Public key in PEM; a model that its owner has not signed is refused.

        Returns
        -------
        Predictor

        Raises
        ------
        ArtifactError
            If anything about it is missing, damaged or inconsistent, or it is not the expected one.
        """
        stored = load_stored(folder, expect=expect, public_key=public_key)
        return cls(stored.model, stored.about, n_threads, risk_edges, stored.version, stored.digest)

    @property
    def schema(self) -> Schema:
        """The columns that are expected, with kinds and levels."""
        return self._model.schema

    @property
    def reference(self) -> Reference | None:
        """Distributions of the training rows; None for models of format 1."""
        return self._model.reference

    @property
    def plausibility(self) -> PlausibilityRecord | None:
        """The machine that measures how plausible rows are; None where none was trained."""
        return self._model.plausibility

    @property
    def threshold(self) -> float:
        """Customers with at least this probability are called churners."""
        return self._model.decide.threshold

    @property
    def floor(self) -> float:
        """The smallest probability that the model gives."""
        return self._model.decide.floor

    @property
    def outcome(self) -> str:
        """Who counts as having left, and what share of the training customers; "" if not stored."""
        return str(self.about.get("outcome", ""))

    @property
    def date_columns(self) -> tuple[str, ...]:
        """The columns that are read as dates."""
        return tuple(column.name for column in self.schema.used if column.kind == "date")

    @property
    def missing(self) -> tuple[str, ...]:
        """Texts that stood for a missing value in the training, in addition to the usual ones."""
        stored = self.about.get("missing", [])
        return tuple(map(str, stored)) if isinstance(stored, list) else ()

    def _frame(self, X: Any) -> pd.DataFrame:
        """A table as a frame in which the values that were missing in the training are."""
        return without_missing(as_frame(X), self.missing)

    def predict_proba(self, X: Any) -> Floats:
        """Probabilities of staying and of leaving.

        Parameters
        ----------
        X : DataFrame, Arrow table, or 2-D array if the model was trained on one; n rows

        Returns
        -------
        probabilities : float64 array of shape (n, 2)

        Raises
        ------
        DataError
            If columns are missing or values cannot be read; the message names them.
        """
        table, unknown = read(self._model.schema, self._frame(X))
        leaving = decide(self._model.decide, logits(self._model, table, self.n_threads))
        levels = unknown.unknown_levels
        if levels:
            counts = listed(f"{name}: {rows}" for name, rows in levels.items())
            log.warning("categories that no training row has, rows per column: %s", counts)
        if len(table) >= FEWEST_VALUES:  # fewer say nothing of units and places
            unusual = oddities(table, unknown, self.reference, self.date_columns)
            for line in unusual.lines_on_numbers():
                log.warning("%s", line)
        return np.column_stack([1 - leaving, leaving])

    def predict(self, X: Any) -> npt.NDArray[np.generic]:
        """Label of every row at :attr:`threshold`.

        Parameters
        ----------
        X : as :meth:`predict_proba`

        Returns
        -------
        labels : array of shape (n,)

        Raises
        ------
        DataError
            As :meth:`predict_proba`.
        """
        leaving = self.predict_proba(X)[:, 1]
        return np.asarray(self.classes_[(leaving >= self.threshold).astype(int)])

    def score(
        self, frame: Any, *, id: str | None = None, plausibility: bool = False
    ) -> pd.DataFrame:
        """Score customers: one row each, with decision, risk tier and model version.

        Parameters
        ----------
        frame : DataFrame, Arrow table, or whatever offers one of their interchange protocols
        id : str, optional
            Column with the customers' identifiers. By default the one that was given in training,
            if the table has it; otherwise rows are numbered from 0.
        plausibility : bool, default False
            Whether to say how plausible every row is, as :meth:`examine` does.

        Returns
        -------
        scores : DataFrame
            Columns ``id``, ``probability``, ``decision``, ``risk`` and ``model``. What was unusual
            in the rows is in ``scores.attrs["unusual"]``, as :meth:`Oddities.as_dict` gives it.
            With `plausibility` two more, as of :meth:`examine`, and their counts in
            ``scores.attrs["plausibility"]``.

        Raises
        ------
        DataError
            If columns are missing or values cannot be read; the message names them.
        ConfigError
            If plausibility is asked of a model without a machine for it.
        """
        scored = self.examine(frame, id=id, plausibility=plausibility)
        odd = [scored.odd.line()] if scored.odd is not None and scored.odd.many else []
        lines = [*scored.unusual.lines_on_numbers()]
        if self.reference is not None:
            lines += no_customer_notes(self._frame(frame), scored.frame["id"], self.reference)
        lines += filter(None, [self.zeros_lost(frame, id)])
        for line in [*odd, *lines]:
            log.warning("%s", line)
        scored.frame.attrs["unusual"] = scored.unusual.as_dict()
        if scored.odd is not None:
            scored.frame.attrs["plausibility"] = scored.odd.as_dict()
        return scored.frame

    def examine(self, frame: Any, *, id: str | None = None, plausibility: bool = False) -> Scored:
        """Score customers as :meth:`score` does, with counts that add up over parts of a table.

        Parameters
        ----------
        frame, id
            As :meth:`score`.
        plausibility : bool, default False
            Whether the scores get the columns ``plausibility``, a number *n*: one customer in *n*
            outside the training is as odd as the row; and ``odd_columns``, the names of up to
            three columns that do not belong to the rest of it, for rows from 1 in 100 on.

        Returns
        -------
        scored : Scored
            The scores, what was unusual, and counts to measure drift with.

        Raises
        ------
        DataError, ConfigError
            As :meth:`score`.
        """
        machine = machine_of(self._model.plausibility) if plausibility else None
        customers = self._frame(frame)
        table, unknown = read(self._model.schema, customers)
        probability = decide(self._model.decide, logits(self._model, table, self.n_threads))
        scores = pd.DataFrame(
            {
                "id": ids_of(customers, id, self.about, self.schema),
                "probability": probability,
                "decision": probability >= self.threshold,
                "risk": tiers(probability, self.risk_edges),
                "model": self.version,
            }
        )
        reference, levels = self._model.reference, unknown.unknown_levels
        counts = {} if reference is None else reference.count(table, probability, levels)
        odd = None
        if machine is not None:
            names = table.number_names + table.code_names
            rarity, columns = examine_rows(machine, table, self.n_threads)
            scores["plausibility"] = rarity
            scores["odd_columns"] = column_texts(names, columns)
            odd = count_odd(names, rarity, columns)
        return Scored(scores, oddities(table, unknown, reference, self.date_columns), counts, odd)

    def reasons(self, X: Any, k: int = 3) -> pd.DataFrame:
        """The columns that raise or lower each customer's risk most.

        The contribution of a column is how much the log-odds of leaving are above what they would
        be on average if the column had the values of the training customers instead. Contributions
        do not sum to the score: columns act together.

        Parameters
        ----------
        X : DataFrame, Arrow table, or 2-D array if the model was trained on one; n rows
        k : int, default 3
            Reasons per customer.

        Returns
        -------
        reasons : DataFrame of n rows, in the order and with the index of `X`
            For every rank from 1 to `k`: ``reason_1``, a text such as ``Months with us: 2 (raises
            risk)``; ``column_1``, ``value_1``, missing where the value is; and ``contribution_1``
            in log-odds, positive where the risk is raised. All missing where a customer has fewer
            reasons.

        Raises
        ------
        DataError
            If columns are missing or values cannot be read; the message names them.
        ConfigError
            If `k` is less than 1.
        ArtifactError
            If the model has no reference, as models of format 1.

        Examples
        --------
        ::

            predictor.reasons(customers.head(), k=2)["reason_1"]
        """
        labels = stored_labels(self.about)
        return find_reasons(self._explainer, self.schema, self._frame(X), k, labels)

    def what_if(
        self, X: Any, changes: Mapping[str, Value | Sequence[Value]] | None = None
    ) -> pd.DataFrame:
        """How one customer's probability changes if one column has another value.

        This is what the model says of a customer with these values, and no effect of changing them.

        Parameters
        ----------
        X : as :meth:`reasons`, of one row
        changes : mapping of column → value or values, optional
            Each value is set alone, all other columns keep theirs. An empty list stands for eight
            values of training at most: of numbers from the smallest over deciles to the largest,
            of categories the most frequent levels. By default those of the columns of the
            customer's three leading reasons.

        Returns
        -------
        DataFrame with a row for every value
            ``column``; ``now`` and ``value``, as text; ``probability_now``, ``probability`` and
            ``change``, the difference of both.

        Raises
        ------
        ConfigError
            If the model has no such column, or training no such value; the message says what is
            allowed.
        DataError
            If `X` is not one customer, or cannot be read.
        ArtifactError
            If the model has no reference, as models of format 1.

        Examples
        --------
        ::

            predictor.what_if(customers.iloc[[0]], {"plan": ["family"], "debt": []})
        """
        frame = self._frame(X)
        if len(frame) != 1:
            raise DataError(f"what-if is asked of one customer, got {len(frame)} rows")
        table, _ = read(self._model.schema, frame)
        if changes is None:
            reasons = self.reasons(frame, LEADING).iloc[0]
            ranked = [reasons[f"column_{rank}"] for rank in range(1, LEADING + 1)]
            changes = {name: () for name in ranked if isinstance(name, str)}
        settings = settings_of(self._model, changes)
        probability = what_if(self._model, table, settings, self.n_threads)
        return what_if_frame(table, settings, probability)

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self._model)

    def zeros_lost(self, frame: Any, id: str | None = None) -> str:
        """Why ids seem to lack zeros that those of the training began with; empty if they do not.

        Parameters
        ----------
        frame : as :meth:`score`
        id : str, optional
            Column with the identifiers; of another one than in training nothing is said.

        Returns
        -------
        str
        """
        return zeros_lost(as_frame(frame), id, self.about)
