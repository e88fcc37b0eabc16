"""Simpler models on the same rows, which every report compares the model with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from dbnchurn.core.errors import ConfigError, listed, wants_extra
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Floats32
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.features.wide_tables import bins_of
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Table

if TYPE_CHECKING:  # a run's table is checked before these are imported
    import xgboost as xgb

    from dbnchurn.model.inputs import LabelledFrame
else:
    xgb = LazyModule("xgboost")

Predict = Callable[[pd.DataFrame], Floats]
"""Probabilities of the rows of a frame, of shape (n,)."""


class Peer(Protocol):
    """Fits a simpler model; its parameters are those of :func:`logistic_regression`."""

    def __call__(
        self,
        train: LabelledFrame,
        validation: LabelledFrame,
        *,
        kinds: Mapping[str, str],
        formats: Mapping[str, str] | None = None,
        random_state: int,
        n_threads: int | None,
    ) -> Predict: ...


def logistic_regression(
    train: LabelledFrame,
    validation: LabelledFrame,
    *,
    kinds: Mapping[str, str],
    formats: Mapping[str, str] | None = None,
    random_state: int = 0,
    n_threads: int | None = None,
) -> Predict:
    """Standardised numbers, one-hot categories, medians for missing values; scikit-learn's L2.

    Parameters
    ----------
    train, validation : LabelledFrame
        The validation rows are not used.
    kinds : mapping of column → kind
        For columns whose kind would be inferred wrongly.
    formats : mapping of column → format, optional
        How numbers and dates in text are written.
    random_state : int, default 0
        Not used.
    n_threads : int, optional
        Not used.

    Returns
    -------
    callable
        DataFrame of n rows → probabilities of shape (n,).
    """
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    schema = infer(train.frame, kinds, formats)

    def matrix(X: pd.DataFrame) -> Floats:
        table = read(schema, X)[0]
        return np.hstack([table.numbers, table.codes])

    fitted = matrix(train.frame)
    numbers = list(range(read(schema, train.frame.iloc[:1])[0].numbers.shape[1]))
    codes = list(range(len(numbers), fitted.shape[1]))
    model = make_pipeline(
        make_column_transformer(
            (
                make_pipeline(
                    SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
                ),
                numbers,
            ),
            (OneHotEncoder(handle_unknown="ignore", min_frequency=10), codes),
        ),
        LogisticRegression(max_iter=2000),
    ).fit(fitted, train.y, logisticregression__sample_weight=train.sample_weight)
    return lambda X: np.asarray(model.predict_proba(matrix(X))[:, 1])


def xgboost(
    train: LabelledFrame,
    validation: LabelledFrame,
    *,
    kinds: Mapping[str, str],
    formats: Mapping[str, str] | None = None,
    random_state: int = 0,
    n_threads: int | None = None,
) -> Predict:
    """One booster of depth 6, rate 0.05, stopped on average precision of the validation rows.

    Parameters
    ----------
    train, validation : LabelledFrame
    kinds : mapping of column → kind
        For columns whose kind would be inferred wrongly.
    formats : mapping of column → format, optional
        How numbers and dates in text are written.
    random_state : int, default 0
    n_threads : int, optional
        By default as many as the number of rows is worth.

    Returns
    -------
    callable
        DataFrame of n rows → probabilities of shape (n,).
    """
    schema = infer(train.frame, kinds, formats)

    def matrix(X: pd.DataFrame) -> tuple[Table, Floats32]:
        table = read(schema, X)[0]
        return table, booster_matrix(table)

    table, fitted = matrix(train.frame)
    model = xgb.XGBClassifier(
        n_estimators=2000,
        max_depth=6,
        learning_rate=0.05,
        subsample=0.8,
        colsample_bytree=0.8,
        early_stopping_rounds=50,
        eval_metric="aucpr",
        enable_categorical=True,
        max_bin=bins_of(*fitted.shape),
        feature_types=["q"] * len(table.number_names) + ["c"] * len(table.code_names),
        random_state=random_state,
        n_jobs=_threads(n_threads, train),
    ).fit(
        fitted,
        train.y,
        sample_weight=train.sample_weight,
        eval_set=[(matrix(validation.frame)[1], validation.y)],
        sample_weight_eval_set=[validation.sample_weight],
        verbose=False,
    )
    return lambda X: np.asarray(model.predict_proba(matrix(X)[1])[:, 1], np.float64)


def lightgbm(
    train: LabelledFrame,
    validation: LabelledFrame,
    *,
    kinds: Mapping[str, str],
    formats: Mapping[str, str] | None = None,
    random_state: int = 0,
    n_threads: int | None = None,
) -> Predict:
    """One booster of 15 leaves, rate 0.03, stopped on average precision of the validation rows.

    Parameters
    ----------
    train, validation : LabelledFrame
    kinds : mapping of column → kind
        For columns whose kind would be inferred wrongly.
    formats : mapping of column → format, optional
        How numbers and dates in text are written.
    random_state : int, default 0
    n_threads : int, optional
        By default as many as the number of rows is worth.

    Returns
    -------
    callable
        DataFrame of n rows → probabilities of shape (n,).

    Raises
    ------
    ConfigError
        If LightGBM is not installed.
    """
    with wants_extra("bench"):
        import lightgbm as lgb
    schema = infer(train.frame, kinds, formats)

    def matrix(X: pd.DataFrame) -> Floats32:
        return booster_matrix(read(schema, X)[0])

    settings = {
        "objective": "binary",
        "metric": "average_precision",
        "num_leaves": 15,
        "learning_rate": 0.03,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "feature_fraction": 0.7,
        "seed": random_state,
        "num_threads": _threads(n_threads, train),
        "verbosity": -1,
    }
    fitted = lgb.Dataset(matrix(train.frame), train.y, weight=train.sample_weight)
    stopping = lgb.Dataset(
        matrix(validation.frame), validation.y, weight=validation.sample_weight, reference=fitted
    )
    booster = lgb.train(
        settings,
        fitted,
        num_boost_round=2000,
        valid_sets=[stopping],
        callbacks=[lgb.early_stopping(100, verbose=False)],
    )
    return lambda X: np.asarray(booster.predict(matrix(X)), np.float64)


def catboost(
    train: LabelledFrame,
    validation: LabelledFrame,
    *,
    kinds: Mapping[str, str],
    formats: Mapping[str, str] | None = None,
    random_state: int = 0,
    n_threads: int | None = None,
) -> Predict:
    """One booster of depth 6, rate 0.05, stopped on log loss of the validation rows.

    Parameters
    ----------
    train, validation : LabelledFrame
    kinds : mapping of column → kind
        For columns whose kind would be inferred wrongly.
    formats : mapping of column → format, optional
        How numbers and dates in text are written.
    random_state : int, default 0
    n_threads : int, optional
        By default as many as the number of rows is worth.

    Returns
    -------
    callable
        DataFrame of n rows → probabilities of shape (n,).

    Raises
    ------
    ConfigError
        If CatBoost is not installed.
    """
    with wants_extra("bench"):
        from catboost import CatBoostClassifier, Pool
    schema = infer(train.frame, kinds, formats)

    categories = [c.name for c in schema.used if c.kind == "category"]

    def columns(X: pd.DataFrame) -> pd.DataFrame:
        table = read(schema, X)[0]
        codes = {name: table.codes[:, j].astype(str) for j, name in enumerate(table.code_names)}
        numbers = pd.DataFrame(table.numbers, columns=list(table.number_names))
        return pd.concat([numbers, pd.DataFrame(codes, index=numbers.index)], axis=1)

    model = CatBoostClassifier(
        iterations=2000,
        depth=6,
        learning_rate=0.05,
        early_stopping_rounds=100,
        eval_metric="Logloss",
        random_seed=random_state,
        thread_count=_threads(n_threads, train),
        verbose=False,
        allow_writing_files=False,
    )
    fitted, stopping = (
        Pool(columns(rows.frame), rows.y, categories, weight=rows.sample_weight)
        for rows in (train, validation)
    )
    model.fit(fitted, eval_set=stopping)
    return lambda X: np.asarray(model.predict_proba(columns(X))[:, 1], np.float64)


def _threads(given: int | None, train: LabelledFrame) -> int:
    from dbnchurn.model.compute import default_threads

    return given or default_threads(len(train.y))


def baselines_of(asked: Sequence[str] | None) -> tuple[str, ...]:
    """The baselines of a run.

    Parameters
    ----------
    asked : sequence of str, or None
        Those that the config names; None for all whose packages are installed.

    Returns
    -------
    tuple of str

    Raises
    ------
    ConfigError
        If one of those that are named needs a package that is not installed.

    Examples
    --------
    >>> baselines_of(["xgboost"])
    ('xgboost',)
    """
    absent = [name for name in OPTIONAL if find_spec(name) is None]
    if asked is None:
        return tuple(name for name in (*PEERS, *VARIANTS) if name not in absent)
    if lacking := [name for name in asked if name in absent]:
        raise ConfigError(
            f"baselines: {listed(lacking)} not installed; take them out, or "
            "pip install 'dbnchurn[bench]'"
        )
    return tuple(asked)


OPTIONAL = ("lightgbm", "catboost")  # named like their packages
PEERS: dict[str, Peer] = {
    "logistic regression": logistic_regression,
    "xgboost": xgboost,
    "lightgbm": lightgbm,
    "catboost": catboost,
}
VARIANTS: dict[str, dict[str, Any]] = {
    "without leaves": {"use_leaves": False, "codes": False, "use_companion": False},
    "without pretraining": {"network__pretrain": False, "codes": False},
}
