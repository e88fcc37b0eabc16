"""The models of the accuracy benchmark, dbnchurn among them: at fixed settings, or tuned."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import dbnchurn
from dbnchurn import ChurnClassifier

THREADS = 1
LEARNS = ("tables", "prepare", "features", "dbn", "decide", "predictor", "model", ".")
Fold = tuple[pd.DataFrame, np.ndarray, pd.DataFrame, np.ndarray]
Scorer = Callable[[pd.DataFrame], np.ndarray]


def _source() -> str:
    """All modules of dbnchurn that a fit passes through."""
    root = Path(dbnchurn.__file__).parent
    files = sorted(file for part in LEARNS for file in (root / part).glob("*.py"))
    return "\n".join(file.read_text() for file in files if file.name != "cli.py")


SOURCE = _source()
"""Read once: files that change during a run are not those that run."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model: scores of a table, and its own threshold if it chooses one."""

    score: Scorer
    threshold: float | None = None


@dataclass(frozen=True)
class Model:
    """How a model is fitted to (X, y, X_val, y_val) with a seed.

    Parameters
    ----------
    fit : callable of (fold, seed, **settings)
    package : str
        The one whose version matters; "dbnchurn" stands for its source text.
    settings : mapping
    """

    fit: Callable[..., Fitted]
    package: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def fingerprint(self) -> str:
        """Changes when a new fit might give other scores."""
        parts = [inspect.getsource(self.fit), repr(sorted(self.settings.items())), str(THREADS)]
        if self.package == "dbnchurn":
            parts.append(SOURCE)
        else:
            parts += [inspect.getsource(ordinal), version(self.package)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def ours(fold: Fold, seed: int) -> Fitted:
    X, y, X_val, y_val = fold
    model = ChurnClassifier(random_state=seed, n_threads=THREADS)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    return Fitted(lambda X: model.predict_proba(X)[:, 1], model.threshold_)


def logistic(fold: Fold, seed: int) -> Fitted:
    X, y, _, _ = fold
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=3000)).fit(X, y)
    return Fitted(lambda X: model.predict_proba(X)[:, 1])


def ordinal(X: pd.DataFrame) -> Callable[[pd.DataFrame], np.ndarray]:
    """Categories as integer codes, numbers as they are; fitted on the training rows."""
    words = list(X.columns[~X.dtypes.map(pd.api.types.is_numeric_dtype)])
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan
    ).fit(X[words].astype(object))

    def encode(X: pd.DataFrame) -> np.ndarray:
        numbers = X.drop(columns=words).to_numpy(float)
        return np.hstack([numbers, encoder.transform(X[words].astype(object))])

    return encode


def xgboost(fold: Fold, seed: int, **settings: Any) -> Fitted:
    import xgboost as xgb

    X, y, X_val, y_val = fold
    encode = ordinal(X)
    model = xgb.XGBClassifier(n_estimators=2000, n_jobs=THREADS, random_state=seed, **settings).fit(
        encode(X), y, eval_set=[(encode(X_val), y_val)], verbose=False
    )
    return Fitted(lambda X: model.predict_proba(encode(X))[:, 1])


def bag(fold: Fold, seed: int, **settings: Any) -> Fitted:
    """Five boosters, each on four fifths of the rows, probabilities averaged."""
    X, y, X_val, y_val = fold
    parts = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
    models = [xgboost((X.iloc[rows], y[rows], X_val, y_val), seed, **settings) for rows, _ in parts]
    return Fitted(lambda X: np.mean([model.score(X) for model in models], axis=0))


def lightgbm(fold: Fold, seed: int, **settings: Any) -> Fitted:
    import lightgbm as lgb

    X, y, X_val, y_val = fold
    encode = ordinal(X)
    model = lgb.LGBMClassifier(
        n_estimators=2000, subsample_freq=1, n_jobs=THREADS, random_state=seed, verbose=-1,
        **settings,
    )  # fmt: skip
    model.fit(
        encode(X), y, eval_set=[(encode(X_val), y_val)], eval_metric="average_precision",
        callbacks=[lgb.early_stopping(100, first_metric_only=True, verbose=False)],
    )  # fmt: skip
    return Fitted(lambda X: model.predict_proba(encode(X))[:, 1])


def catboost(fold: Fold, seed: int, **settings: Any) -> Fitted:
    from catboost import CatBoostClassifier

    X, y, X_val, y_val = fold
    words = list(X.columns[~X.dtypes.map(pd.api.types.is_numeric_dtype)])

    def plain(X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(
            **{word: X[word].astype(object).fillna("missing").astype(str) for word in words}
        )

    model = CatBoostClassifier(
        iterations=2000, cat_features=words, random_seed=seed, early_stopping_rounds=100,
        eval_metric="Logloss", thread_count=THREADS, verbose=False, allow_writing_files=False,
        **settings,
    )  # fmt: skip
    model.fit(plain(X), y, eval_set=(plain(X_val), y_val))
    return Fitted(lambda X: model.predict_proba(plain(X))[:, 1])


def tuned(fold: Fold, seed: int, model: str, trials: int) -> Fitted:
    """The best of some settings by average precision of the validation rows (TPE sampler)."""
    import optuna

    best: list[tuple[float, Fitted]] = []

    def tried(trial: optuna.Trial) -> float:
        fitted = PEERS[model](fold, seed, **SPACES[model](trial))
        found = float(average_precision_score(fold[3], fitted.score(fold[2])))
        best[:] = [max([*best, (found, fitted)], key=lambda pair: pair[0])]
        return found

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed)
    optuna.create_study(direction="maximize", sampler=sampler).optimize(tried, n_trials=trials)
    return best[0][1]


def lightgbm_space(trial: Any) -> dict[str, Any]:
    """Settings of LightGBM that a trial draws."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.15, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 64, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 5, 100, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.3, 1.0),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-3, 30.0, log=True),
    }


def catboost_space(trial: Any) -> dict[str, Any]:
    """Settings of CatBoost that a trial draws."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "depth": trial.suggest_int("depth", 3, 8),
        "l2_leaf_reg": trial.suggest_float("l2_leaf_reg", 0.5, 30.0, log=True),
        "random_strength": trial.suggest_float("random_strength", 0.1, 5.0, log=True),
        "bagging_temperature": trial.suggest_float("bagging_temperature", 0.0, 2.0),
    }


def realmlp(fold: Fold, seed: int) -> Fitted:
    from pytabkit import RealMLP_TD_Classifier

    X, y, X_val, y_val = fold
    medians = X.median(numeric_only=True)  # it takes no missing numbers
    model = RealMLP_TD_Classifier(
        device="cpu", random_state=seed, n_threads=THREADS, val_metric_name="cross_entropy"
    )
    model.fit(X.fillna(medians), y, X_val.fillna(medians), y_val)
    return Fitted(lambda X: model.predict_proba(X.fillna(medians))[:, 1])


def tabm(fold: Fold, seed: int) -> Fitted:
    from pytabkit import TabM_D_Classifier

    X, y, X_val, y_val = fold
    medians = X.median(numeric_only=True)  # it takes no missing numbers
    model = TabM_D_Classifier(
        device="cpu", random_state=seed, n_threads=THREADS, val_metric_name="cross_entropy"
    )
    model.fit(X.fillna(medians), y, X_val.fillna(medians), y_val)
    return Fitted(lambda X: model.predict_proba(X.fillna(medians))[:, 1])


PEERS: Mapping[str, Callable[..., Fitted]] = {"lightgbm": lightgbm, "catboost": catboost}
SPACES = {"lightgbm": lightgbm_space, "catboost": catboost_space}
D6 = {
    "max_depth": 6, "learning_rate": 0.05, "subsample": 0.8, "colsample_bytree": 0.8,
    "eval_metric": "aucpr", "early_stopping_rounds": 50,
}  # fmt: skip
D4 = {
    "max_depth": 4, "learning_rate": 0.03, "min_child_weight": 5, "subsample": 0.8,
    "colsample_bytree": 0.6, "eval_metric": "aucpr", "early_stopping_rounds": 100,
}  # fmt: skip
BAG = {
    "max_depth": 5, "learning_rate": 0.05, "subsample": 0.8, "colsample_bytree": 0.8,
    "eval_metric": "logloss", "early_stopping_rounds": 50,
}  # fmt: skip
LIGHTGBM = {"num_leaves": 15, "learning_rate": 0.03, "subsample": 0.8, "colsample_bytree": 0.7}
CATBOOST = {"depth": 6, "learning_rate": 0.05}
TRIALS = 20

MODELS = {
    "dbnchurn": Model(ours, "dbnchurn"),
    "logistic": Model(logistic, "scikit-learn"),
    "xgboost d6": Model(xgboost, "xgboost", D6),
    "xgboost d4": Model(xgboost, "xgboost", D4),
    "bag of 5 xgboost": Model(bag, "xgboost", BAG),
    "lightgbm": Model(lightgbm, "lightgbm", LIGHTGBM),
    "catboost": Model(catboost, "catboost", CATBOOST),
    "realmlp": Model(realmlp, "pytabkit"),
    "tabm": Model(tabm, "pytabkit"),
    "lightgbm tuned": Model(tuned, "lightgbm", {"model": "lightgbm", "trials": TRIALS}),
    "catboost tuned": Model(tuned, "catboost", {"model": "catboost", "trials": TRIALS}),
}
