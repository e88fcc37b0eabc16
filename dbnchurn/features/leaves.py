"""Leaves of cross-fitted boosters as features: out of fold for training rows as for new rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.core.checkpoints import NOWHERE, CheckpointStore
from dbnchurn.core.errors import wants_docstrings
from dbnchurn.core.parallel import run_parallel
from dbnchurn.core.records import pack, unpack
from dbnchurn.core.typing import Arrays, Floats, Floats32, Ints
from dbnchurn.features.folds import assign_folds
from dbnchurn.features.leaves_record import Forest, LeavesRecord, booster_matrix
from dbnchurn.features.wide_tables import WIDE, bins_of, is_wide, strongest
from dbnchurn.tables.schema import Table

with wants_docstrings():
    import xgboost as xgb

BINNED_ROWS = 50_000  # of more rows XGBoost keeps the bins alone, not the values


@dataclass(frozen=True, eq=False)
class Share:
    """What processes that fit boosters together hold, each with rows of its own.

    Parameters
    ----------
    fold_rows : int64 array of shape (folds,)
        Rows of every fold, of all processes.
    workers : int
        Number of processes.
    """

    fold_rows: Ints
    workers: int


class Leaves(BaseEstimator):  # type: ignore[misc]
    """Fit one booster per fold, without that fold's rows, and use its leaves for these rows.

    Leaves are too optimistic on the rows that the booster was fitted on (He et al., 2014, therefore
    train the boosters and the model above them on different days). Here the leaf codes of a
    training row come from the booster fitted without its fold, so that they are as good as those of
    a new row, which come from every booster in turn.

    Of a table with more numbers than rows and than 1,000, each booster tests the 1,000 numbers that
    go best with the outcome in its own rows, in 32 bins.

    Parameters
    ----------
    folds : int, default 5
        Number of boosters.
    cross_fit : bool, default True
        Whether to fit one booster per fold. Otherwise one booster is fitted on all rows, and the
        leaf codes of the training rows come from it.
    n_trees : int, default 600
        Largest number of trees of a booster; fewer where the loss of the validation rows stops
        improving.
    max_depth : int, default 5
        Tests on the way to a leaf, at most.
    learning_rate : float, default 0.05
        Factor of every tree's leaf values.
    subsample : float, default 0.8
        Share of the rows that a tree is grown on.
    colsample : float, default 0.8
        Share of the columns that a tree may test.
    patience : int, default 40
        Trees without improvement of the log loss before stopping.

    Attributes
    ----------
    record_ : LeavesRecord
    fold_ : int64 array of shape (n,)
        Fold index of every training row: its leaf codes come from the booster fitted without that
        fold.
    curves_ : list of lists of float
        Validation log loss after every tree, booster by booster; empty without validation rows.
    rows_ : int
        Rows that the boosters were fitted on, of all processes.
    workers_ : int
        Number of processes; with others the trees are others, within the noise of a seed.

    References
    ----------
    He et al., 2014. Practical lessons from predicting clicks on ads at Facebook. ADKDD.

    Examples
    --------
    >>> from dbnchurn.tables.schema import Table
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> table = Table(x, np.empty((200, 0), np.int32), ("a", "b"), (), ())
    >>> y = (x[:, 0] > 0).astype(np.int64)
    >>> leaves = Leaves(folds=2, n_trees=3).fit(table, y, generator=np.random.default_rng(0))
    >>> leaves.record_.leaf_codes(0, booster_matrix(table)).shape
    (200, 3)
    """

    max_cat_to_onehot: ClassVar[int] = 2**24
    """Categories with fewer levels are split one level against the others. The alternative in
    XGBoost, a cut through the levels sorted by churn, fits the noise of rare levels. No parameter,
    so that no configuration sets it; a subclass may."""

    renamed_parameters: ClassVar[Mapping[str, str]] = {
        "trees": "n_trees",
        "depth": "max_depth",
        "rate": "learning_rate",
        "columns": "colsample",
    }

    def __init__(
        self,
        *,
        folds: Annotated[int, Field(ge=2)] = 5,
        cross_fit: bool = True,
        n_trees: Annotated[int, Field(ge=1)] = 600,
        max_depth: Annotated[int, Field(ge=1, le=12)] = 5,
        learning_rate: Annotated[float, Field(gt=0, le=1)] = 0.05,
        subsample: Annotated[float, Field(gt=0, le=1)] = 0.8,
        colsample: Annotated[float, Field(gt=0, le=1)] = 0.8,
        patience: Annotated[int, Field(ge=1)] = 40,
    ) -> None:
        self.folds = folds
        self.cross_fit = cross_fit
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.subsample = subsample
        self.colsample = colsample
        self.patience = patience

    def fit(
        self,
        table: Table,
        y: Ints,
        *,
        sample_weight: Floats | None = None,
        fold: Ints | None = None,
        validation: tuple[Table, Ints, Floats] | None = None,
        generator: np.random.Generator,
        device: str = "cpu",
        n_threads: int = 1,
        n_jobs: int = 1,
        store: CheckpointStore = NOWHERE,
        share: Share | None = None,
    ) -> Leaves:
        """Fit one booster without each fold.

        Parameters
        ----------
        table : Table of n prepared rows
        y : int array of shape (n,)
        sample_weight : float array of shape (n,), optional
            How often a row counts; oversampled rows come as weights, not as copies.
        fold : int array of shape (n,), optional
            Fold index of every row, as :meth:`assign` gives it; drawn if not given.
        validation : (table, y, sample_weight), optional
            Rows that decide the number of trees; without them all `n_trees` are grown.
        generator : numpy Generator
        device : {"cpu", "cuda"}, default "cpu"
        n_threads : int, default 1
            Threads of one booster.
        n_jobs : int, default 1
            Boosters that are fitted at once.
        store : CheckpointStore, optional
            Keeps every finished booster; boosters that it holds are not fitted again.
        share : Share, optional
            Where the rows are those of one process of several, which are joined by a communicator
            of XGBoost: what is decided by the number of rows is decided by that of all.

        Returns
        -------
        Leaves
            Itself.
        """
        matrix = booster_matrix(table)
        sample_weight = np.ones(len(y)) if sample_weight is None else sample_weight
        kinds = np.array(["q"] * len(table.number_names) + ["c"] * len(table.code_names))
        self.fold_ = self.assign(y, None, generator) if fold is None else fold
        if share is None:
            share = Share(np.bincount(self.fold_), 1)
        self.rows_, self.workers_ = int(share.fold_rows.sum()), share.workers
        # Processes would choose other columns each.
        wide = share.workers == 1 and is_wide(self.rows_, len(table.number_names))
        bins = bins_of(self.rows_, len(table.number_names))
        seeds = generator.integers(2**31, size=len(share.fold_rows)).tolist()
        stop_values = None if validation is None else booster_matrix(validation[0])

        def fit_booster(k: int) -> tuple[Forest, list[float]]:
            inside = self.fold_ != k if self.cross_fit else np.ones(len(y), bool)
            labelled, values = (y[inside], sample_weight[inside]), matrix[inside]
            tested = self._tested(values, len(table.number_names), *labelled, wide=wide)
            taken = kinds[tested].tolist()
            left_out = int(share.fold_rows[k]) if self.cross_fit else 0
            binned = self.rows_ - left_out > BINNED_ROWS
            train = _matrix(values[:, tested], taken, *labelled, n_threads, binned=binned)
            stop = None
            if validation is not None and stop_values is not None:
                # A DMatrix of its own for each booster: XGBoost does not promise that boosters
                # fitted at once may share one, and bins follow the booster's own training rows.
                stop = _matrix(
                    stop_values[:, tested], taken, *validation[1:], n_threads, like=train
                )
            forest, curve = self._boost(train, stop, seeds[k], device, n_threads, bins)
            columns = np.arange(matrix.shape[1], dtype=np.int32)[tested]
            feature = np.where(forest.feature < 0, np.int32(-1), columns[forest.feature])
            return replace(forest, feature=feature), curve

        def load_or_fit(k: int) -> tuple[Forest, list[float]]:
            arrays, facts = store.get_or_compute(f"booster{k}", lambda: _packed(*fit_booster(k)))
            return unpack(Forest, facts["forest"], arrays), facts["curve"]

        fitted = run_parallel([partial(load_or_fit, k) for k in range(len(seeds))], n_jobs)
        self.curves_ = [curve for _, curve in fitted]
        self.record_ = LeavesRecord(tuple(forest for forest, _ in fitted), matrix.shape[1])
        return self

    def assign(
        self,
        y: Ints,
        groups: npt.NDArray[Any] | None,
        generator: np.random.Generator,
    ) -> Ints:
        """Draw the fold index of every row.

        Parameters
        ----------
        y : int array of shape (n,)
            1 for churners, 0 for stayers.
        groups : array of shape (n,), or None
            Rows with the same value share a fold.
        generator : numpy Generator

        Returns
        -------
        int64 array of shape (n,)
            As :func:`assign_folds` gives it; zeros without cross-fitting.
        """
        if not self.cross_fit:
            return np.zeros(len(y), np.int64)
        return assign_folds(y, self.folds, groups, generator)

    @staticmethod
    def _tested(
        values: Floats32, numbers: int, y: Ints, sample_weight: Floats, *, wide: bool
    ) -> slice | Ints:
        """The columns that a booster may test: all, or of a wide table the strongest numbers."""
        if not wide:
            return slice(None)
        kept = strongest(values[:, :numbers], y, sample_weight, WIDE)
        return np.concatenate([kept, np.arange(numbers, values.shape[1])])

    def _boost(
        self,
        train: xgb.DMatrix,
        stop: xgb.DMatrix | None,
        seed: int,
        device: str,
        n_threads: int,
        bins: int,
    ) -> tuple[Forest, list[float]]:
        curves: dict[str, dict[str, list[float]]] = {}
        booster = xgb.train(
            {
                "objective": "binary:logistic",
                "eval_metric": "logloss",
                "tree_method": "hist",
                "max_depth": self.max_depth,
                "eta": self.learning_rate,
                "subsample": self.subsample,
                "colsample_bytree": self.colsample,
                "max_cat_to_onehot": self.max_cat_to_onehot,
                "max_bin": bins,
                "seed": seed,
                "nthread": n_threads,
                "device": device,
            },
            train,
            self.n_trees,
            evals=[] if stop is None else [(stop, "stop")],
            early_stopping_rounds=None if stop is None else self.patience,
            evals_result=curves,
            verbose_eval=False,
        )
        if stop is None:
            return forest_of(booster), []
        return forest_of(booster[: booster.best_iteration + 1]), curves["stop"]["logloss"]


def _packed(forest: Forest, curve: list[float]) -> tuple[Arrays, Any]:
    tree, arrays = pack(forest)
    return arrays, {"forest": tree, "curve": curve}


def _matrix(
    values: Floats32,
    kinds: list[str],
    y: Ints,
    sample_weight: Floats,
    n_threads: int,
    *,
    binned: bool = False,
    like: xgb.DMatrix | None = None,
) -> xgb.DMatrix:
    """Rows as XGBoost takes them; where asked for as bins alone, a byte or two per value.

    With `like`, a matrix of bins is cut where that one is.
    """
    settings = {
        "label": y,
        "weight": sample_weight,
        "feature_types": kinds,
        "enable_categorical": True,
        "nthread": n_threads,
    }
    if isinstance(like, xgb.QuantileDMatrix):
        return xgb.QuantileDMatrix(values, ref=like, **settings)
    if binned:
        return xgb.QuantileDMatrix(values, **settings)
    return xgb.DMatrix(values, **settings)


def forest_of(booster: xgb.Booster) -> Forest:
    """The trees of an XGBoost model as plain arrays, nodes renumbered breadth first."""
    trees = json.loads(bytes(booster.save_raw("json")))["learner"]["gradient_booster"]["model"][
        "trees"
    ]
    parts = [_tree_arrays(tree) for tree in trees]
    sets = [s for part in parts for s in part["category_sets"]]

    def joined(name: str, dtype: type) -> npt.NDArray[Any]:
        return np.concatenate([np.asarray(part[name], dtype) for part in parts])

    return Forest(
        starts=np.cumsum([0] + [len(part["feature"]) for part in parts]).astype(np.int64),
        feature=joined("feature", np.int32),
        threshold=joined("threshold", np.float32),
        left=joined("left", np.int32),
        right=joined("right", np.int32),
        default_left=joined("default_left", np.bool_),
        category_starts=np.cumsum([0] + [len(s) for s in sets]).astype(np.int64),
        categories=np.array([code for s in sets for code in s], np.int32),
        value=joined("value", np.float32),
    )


def _tree_arrays(tree: dict[str, Any]) -> dict[str, Any]:
    """Arrays of one tree of XGBoost's JSON model: the nodes below its root, breadth first."""
    left, right = tree["left_children"], tree["right_children"]
    order = [0]
    for node in order:
        if left[node] >= 0:
            order += [left[node], right[node]]
    new = {node: i for i, node in enumerate(order)}
    sets = dict.fromkeys(order, ())
    for node, start, size in zip(
        tree["categories_nodes"],
        tree["categories_segments"],
        tree["categories_sizes"],
        strict=True,
    ):
        sets[node] = tree["categories"][start : start + size]
    leaf = [left[node] < 0 for node in order]
    numeric = [
        not end and tree["split_type"][node] == 0 for node, end in zip(order, leaf, strict=True)
    ]
    conditions = [tree["split_conditions"][node] for node in order]
    return {
        "feature": [
            -1 if end else tree["split_indices"][n] for n, end in zip(order, leaf, strict=True)
        ],
        "threshold": [
            c if is_test else 0.0 for c, is_test in zip(conditions, numeric, strict=True)
        ],
        "left": [new[left[n]] if left[n] >= 0 else -1 for n in order],
        "right": [new[right[n]] if right[n] >= 0 else -1 for n in order],
        "default_left": [bool(tree["default_left"][n]) for n in order],
        "value": [c if end else 0.0 for c, end in zip(conditions, leaf, strict=True)],
        "category_sets": [sets[n] for n in order],
    }
