"""What every report shows the model beside: simpler models on the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dbnchurn.core.typing import Floats, Floats32
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.model.compute import default_threads
from dbnchurn.runs.dataset import LabelledFrame
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Table, infer


def logistic_regression(
    train: LabelledFrame, val: LabelledFrame, config: Any
) -> Callable[[pd.DataFrame], Floats]:
    """Standardised numbers, one-hot categories, medians for missing values; scikit-learn's L2."""
    schema = infer(train.X, config.kinds)

    def matrix(X: pd.DataFrame) -> Floats:
        table = read(schema, X)[0]
        return np.hstack([table.numbers, table.codes])

    fitted = matrix(train.X)
    numbers = list(range(read(schema, train.X.iloc[:1])[0].numbers.shape[1]))
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
    ).fit(fitted, train.y)
    return lambda X: np.asarray(model.predict_proba(matrix(X))[:, 1])


def xgboost(
    train: LabelledFrame, val: LabelledFrame, config: Any
) -> Callable[[pd.DataFrame], Floats]:
    """One booster of depth 6, rate 0.05, stopped on average precision of the validation rows."""
    schema = infer(train.X, config.kinds)

    def matrix(X: pd.DataFrame) -> tuple[Table, Floats32]:
        table = read(schema, X)[0]
        return table, booster_matrix(table)

    table, fitted = matrix(train.X)
    model = xgb.XGBClassifier(
        n_estimators=2000,
        max_depth=6,
        learning_rate=0.05,
        subsample=0.8,
        colsample_bytree=0.8,
        early_stopping_rounds=50,
        eval_metric="aucpr",
        enable_categorical=True,
        feature_types=["q"] * len(table.number_names) + ["c"] * len(table.code_names),
        random_state=config.seed,
        n_jobs=config.n_threads or default_threads(len(train.y)),
    ).fit(fitted, train.y, eval_set=[(matrix(val.X)[1], val.y)], verbose=False)
    return lambda X: np.asarray(model.predict_proba(matrix(X)[1])[:, 1], np.float64)


PEERS: dict[str, Any] = {"logistic regression": logistic_regression, "xgboost": xgboost}
VARIANTS: dict[str, dict[str, Any]] = {
    "without leaves": {"use_leaves": False, "use_companion": False},
    "without pretraining": {"network__pretrain": False},
}
