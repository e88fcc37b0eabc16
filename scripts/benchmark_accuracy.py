"""Accuracy of dbnchurn at its defaults beside its peers, on the same folds.

Repeated stratified 5-fold; in each fold 15 % of the training rows are the validation part that
every model may stop and choose its threshold on. Prints a Markdown table per metric, mean ranks,
paired differences with intervals, and as the last line one JSON object.

    python scripts/benchmark_accuracy.py                       # packaged tables, all peers
    python scripts/benchmark_accuracy.py --only tv --models dbnchurn,logistic,"xgboost d6"
    python scripts/benchmark_accuracy.py --tables DIR          # adds DIR/iranian_churn.parquet
"""

from __future__ import annotations

import argparse
import json
import platform
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmark_tables import folds_of, measure, paired_interval, tables
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from dbnchurn import ChurnClassifier
from dbnchurn.decide import choose_threshold
from dbnchurn.evaluate import Ranking
from dbnchurn.evaluate.metrics import calibration_error

THREADS = 1
Fold = tuple[pd.DataFrame, np.ndarray, pd.DataFrame, np.ndarray]
Scorer = Callable[[pd.DataFrame], np.ndarray]


# --- peers --------------------------------------------------------------------------------------


def dbnchurn(fold: Fold, seed: int) -> Scorer:
    X, y, X_val, y_val = fold
    model = ChurnClassifier(random_state=seed, n_threads=THREADS)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    return lambda X: model.predict_proba(X)[:, 1]


def logistic(fold: Fold, seed: int) -> Scorer:
    X, y, _, _ = fold
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
    )
    model = make_pipeline(columns, LogisticRegression(max_iter=3000)).fit(X, y)
    return lambda X: model.predict_proba(X)[:, 1]


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


def xgboost(**settings: Any) -> Callable[[Fold, int], Scorer]:
    def fit(fold: Fold, seed: int) -> Scorer:
        import xgboost as xgb

        X, y, X_val, y_val = fold
        encode = ordinal(X)
        model = xgb.XGBClassifier(
            n_estimators=2000, n_jobs=THREADS, random_state=seed, **settings
        ).fit(encode(X), y, eval_set=[(encode(X_val), y_val)], verbose=False)
        return lambda X: model.predict_proba(encode(X))[:, 1]

    return fit


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


def bag(fold: Fold, seed: int) -> Scorer:
    """Five boosters, each on four fifths of the rows, probabilities averaged."""
    X, y, X_val, y_val = fold
    fit = xgboost(**BAG)
    parts = StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y)
    models = [fit((X.iloc[rows], y[rows], X_val, y_val), seed) for rows, _ in parts]
    return lambda X: np.mean([model(X) for model in models], axis=0)


def lightgbm(fold: Fold, seed: int) -> Scorer:
    import lightgbm as lgb

    X, y, X_val, y_val = fold
    encode = ordinal(X)
    model = lgb.LGBMClassifier(
        n_estimators=2000, num_leaves=15, learning_rate=0.03, subsample=0.8, subsample_freq=1,
        colsample_bytree=0.7, n_jobs=THREADS, random_state=seed, verbose=-1,
    )  # fmt: skip
    model.fit(
        encode(X), y, eval_set=[(encode(X_val), y_val)], eval_metric="average_precision",
        callbacks=[lgb.early_stopping(100, first_metric_only=True, verbose=False)],
    )  # fmt: skip
    return lambda X: model.predict_proba(encode(X))[:, 1]


def catboost(fold: Fold, seed: int) -> Scorer:
    from catboost import CatBoostClassifier

    X, y, X_val, y_val = fold
    words = list(X.columns[~X.dtypes.map(pd.api.types.is_numeric_dtype)])

    def plain(X: pd.DataFrame) -> pd.DataFrame:
        return X.assign(
            **{word: X[word].astype(object).fillna("missing").astype(str) for word in words}
        )

    model = CatBoostClassifier(
        iterations=2000, depth=6, learning_rate=0.05, cat_features=words, random_seed=seed,
        early_stopping_rounds=100, eval_metric="Logloss", thread_count=THREADS, verbose=False,
        allow_writing_files=False,
    )  # fmt: skip
    model.fit(plain(X), y, eval_set=(plain(X_val), y_val))
    return lambda X: model.predict_proba(plain(X))[:, 1]


def realmlp(fold: Fold, seed: int) -> Scorer:
    from pytabkit import RealMLP_TD_Classifier

    X, y, X_val, y_val = fold
    model = RealMLP_TD_Classifier(
        device="cpu", random_state=seed, n_threads=THREADS, val_metric_name="cross_entropy"
    )
    model.fit(X, y, X_val, y_val)
    return lambda X: model.predict_proba(X)[:, 1]


MODELS: dict[str, Callable[[Fold, int], Scorer]] = {
    "dbnchurn": dbnchurn,
    "logistic": logistic,
    "xgboost d6": xgboost(**D6),
    "xgboost d4": xgboost(**D4),
    "bag of 5 xgboost": bag,
    "lightgbm": lightgbm,
    "catboost": catboost,
    "realmlp": realmlp,
}


# --- protocol -----------------------------------------------------------------------------------


def evaluate_table(
    X: pd.DataFrame, y: np.ndarray, names: list[str], seeds: int, folds: int
) -> tuple[pd.DataFrame, dict[str, float]]:
    """One row per (seed, fold, model), and the calibration error of pooled out-of-fold scores."""
    rows, pooled = [], {name: ([], []) for name in names}
    for seed, number, (train, val, test) in folds_of(y, seeds, folds):
        fold = X.iloc[train], y[train], X.iloc[val], y[val]
        for name in names:
            start = time.perf_counter()
            model = MODELS[name](fold, seed)
            seconds = time.perf_counter() - start
            threshold = choose_threshold(y[val], model(fold[2])).threshold
            scores = model(X.iloc[test])
            pooled[name][0].append(y[test])
            pooled[name][1].append(scores)
            found = measure(y[test], scores, threshold)
            rows.append({"seed": seed, "fold": number, "model": name, "s": seconds, **found})
    ece = {
        name: calibration_error(Ranking.of(np.concatenate(labels), np.concatenate(scores)))
        for name, (labels, scores) in pooled.items()
    }
    return pd.DataFrame(rows), ece


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, help="folder with iranian_churn.parquet")
    parser.add_argument("--only", help="names of tables, comma-separated")
    parser.add_argument("--models", default=",".join(MODELS), help="names, comma-separated")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--folds", type=int, default=5, help="folds of each seed that are run")
    options = parser.parse_args()
    names = options.models.split(",")
    results, errors = {}, {}
    for table, X, y in tables(options.tables):
        if options.only is None or table in options.only.split(","):
            results[table], errors[table] = evaluate_table(
                X, y, names, options.seeds, options.folds
            )
            print(f"done: {table}", flush=True)
    print(f"\n{platform.processor() or platform.machine()}, {THREADS} thread, "
          f"{time.strftime('%Y-%m-%d')}, {options.seeds} × {options.folds} folds\n")  # fmt: skip
    report(results, errors, names)


def report(
    results: dict[str, pd.DataFrame], errors: dict[str, dict[str, float]], names: list[str]
) -> None:
    means = {t: found.groupby("model").mean(numeric_only=True) for t, found in results.items()}
    for metric in ("AP", "ROC AUC", "F1", "lift", "Brier", "s"):
        print(f"| {metric} | " + " | ".join(results) + " |\n|---|" + "---|" * len(results))
        for name in names:
            cells = [f"{means[t].loc[name, metric]:.4f}" for t in results]
            print(f"| {name} | " + " | ".join(cells) + " |")
        print()
    print("| calibration error | " + " | ".join(results) + " |\n|---|" + "---|" * len(results))
    for name in names:
        print(f"| {name} | " + " | ".join(f"{errors[t][name]:.4f}" for t in results) + " |")
    ap = pd.DataFrame({t: means[t]["AP"] for t in results})
    ranks = ap.rank(ascending=False).mean(axis=1)
    boosters = [name for name in ("xgboost d6", "xgboost d4") if name in names]
    if "dbnchurn" in names:
        print("\nAP of dbnchurn minus that of the peer, over all tables and folds:")
        for name in names[1:]:
            differences = np.concatenate(
                [f.pivot(index=["seed", "fold"], columns="model", values="AP")
                 .eval(f"dbnchurn - `{name}`").to_numpy() for f in results.values()]
            )  # fmt: skip
            print("- {}: {:+.4f} [{:+.4f}, {:+.4f}]".format(name, *paired_interval(differences)))
    gap = None
    if boosters and "dbnchurn" in names:
        gap = float((ap.loc[boosters].max() - ap.loc["dbnchurn"]).max())
    print(
        json.dumps(
            {
                "mean_rank": {name: round(float(ranks[name]), 3) for name in names},
                "worst_gap_to_xgboost": None if gap is None else round(gap, 4),
                "mean_ap": {t: ap[t].round(4).to_dict() for t in ap},
            }
        )
    )


if __name__ == "__main__":
    main()
