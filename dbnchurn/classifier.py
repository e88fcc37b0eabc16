"""The churn classifier: preparation, features, Boltzmann machines and decision as one estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from dbnchurn.compute import Compute, default_threads, torch_threads
from dbnchurn.data.samples import set_aside
from dbnchurn.dbn import DBN, Network
from dbnchurn.dbn.fine_tune import FineTune
from dbnchurn.decide import DecideRecord, Threshold
from dbnchurn.decide.decide_record import decide, log_odds
from dbnchurn.errors import ConfigError, DataError
from dbnchurn.features import Encode, Leaves, Oversample
from dbnchurn.features.views import BoosterViews
from dbnchurn.labels import (
    check_both_classes,
    check_groups,
    check_weight,
    encode_labels,
    label_type,
    read_labels,
    two_classes,
)
from dbnchurn.parameters import check_parameters
from dbnchurn.predictor.artifact import save
from dbnchurn.predictor.card import model_card
from dbnchurn.predictor.forward import ModelRecord, logits, probabilities
from dbnchurn.prepare import Prepare
from dbnchurn.progress import stage
from dbnchurn.provenance import fingerprint, versions
from dbnchurn.schema import Table, as_frame, infer, read, stacked
from dbnchurn.visible import Visible

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Stage = TypeVar("Stage", bound=BaseEstimator)


@dataclass(frozen=True, eq=False)
class Part:
    """Labelled customers: table as read, labels 0 and 1, weights, and groups if there are any."""

    table: Table
    y: Labels
    weight: Floats
    groups: npt.NDArray[Any] | None = None

    def take(self, rows: npt.NDArray[np.intp]) -> Part:
        """The given rows."""
        groups = None if self.groups is None else self.groups[rows]
        return Part(self.table.take(rows), self.y[rows], self.weight[rows], groups)

    @property
    def prior(self) -> float:
        """Weighted share of churners."""
        return float(np.average(self.y, weights=self.weight))


@dataclass(frozen=True)
class Balance:
    """Shares of churners among the customers as they are, and as boosters and network see them."""

    prior: float
    trained: float

    def weigh(self, part: Part) -> Floats:
        """Weights that give a part the share of churners that training has, shape (n,)."""
        churner, stayer = self.trained / self.prior, (1 - self.trained) / (1 - self.prior)
        return part.weight * np.where(part.y == 1, churner, stayer)


class ChurnClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Predicts who will leave, from a table of customers as it comes.

    The stages in order: the table is read by a schema learned from the training rows; columns are
    prepared; training rows are oversampled by index; cross-fitted boosters give every row its
    leaves; Boltzmann machines are pretrained on encoded columns and leaves together; the stack is
    unrolled and fine-tuned; the prior is corrected, so that scores are true probabilities; and a
    threshold is chosen. The leaves of a training row come from a booster that did not see it; a new
    row is seen through each booster in turn and the logits are averaged.

    Parameters
    ----------
    kinds : mapping of column → {"number", "flag", "category", "date", "ignore"}, optional
        Kinds that would be inferred wrongly; see :func:`dbnchurn.schema.infer`.
    prepare : Prepare
        How columns are cleaned and reduced.
    encode : Encode
        How columns become visible units.
    oversample : Oversample
        How often churners are repeated.
    use_leaves : bool, default True
        Whether leaves of boosters join the visible layer.
    leaves : Leaves
        The boosters.
    skip : bool, default True
        Whether the network starts at the boosters' own sum of leaf values, through a direct
        contribution of every leaf to the logit that is trained with the rest.
    pretrain : bool, default True
        Whether the network starts from pretrained Boltzmann machines or from random weights.
    dbn : DBN
        The Boltzmann machines.
    finetune : FineTune
        Training of the unrolled network.
    threshold : Threshold
        Rule that chooses the threshold.
    validation : float, default 0.15
        Share of the rows that stop the training and choose the threshold where `fit` gets no
        validation rows.
    device : {"auto", "cpu", "cuda"}, default "auto"
        Where boosters and network are trained.
    n_threads : int, optional
        Threads of the boosters and the network; by default one for small tables, else up to 4.
    random_state : int, Generator, RandomState or None, default None
        The same integer gives the same model.

    Attributes
    ----------
    classes_ : array of two labels
        The second is the one whose probability is predicted.
    threshold_ : float
    record_ : ModelRecord
        All that scoring needs.
    choice_ : Choice
        The threshold with its precision, recall and F1 on the validation rows.
    curves_ : dict
        Per-epoch records: ``rbm`` (one list per machine), ``finetune`` (a list), ``leaves`` (one
        list of log losses per booster).
    seconds_ : dict of stage → wall seconds
    n_features_in_ : int
    feature_names_in_ : array of str, where `X` has named columns

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"debt": rng.normal(size=400), "plan": rng.choice(["A", "B"], 400)})
    >>> y = (X["debt"] + rng.normal(size=400) > 1.2).astype(int)
    >>> model = ChurnClassifier(dbn=DBN((8, 4), epochs=2), random_state=0).fit(X, y)
    >>> model.predict_proba(X).shape
    (400, 2)
    """

    def __init__(
        self,
        *,
        kinds: Mapping[str, str] | None = None,
        prepare: Prepare = Prepare(),
        encode: Encode = Encode(),
        oversample: Oversample = Oversample(),
        use_leaves: bool = True,
        leaves: Leaves = Leaves(),
        skip: bool = True,
        pretrain: bool = True,
        dbn: DBN = DBN(),
        finetune: FineTune = FineTune(),
        threshold: Threshold = Threshold(),
        validation: Annotated[float, Field(gt=0, lt=1)] = 0.15,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        n_threads: Annotated[int, Field(ge=1)] | None = None,
        random_state: (
            Annotated[int, Field(ge=0)] | np.random.Generator | np.random.RandomState | None
        ) = None,
    ) -> None:
        self.kinds = kinds
        self.prepare = _own(prepare)
        self.encode = _own(encode)
        self.oversample = _own(oversample)
        self.use_leaves = use_leaves
        self.leaves = _own(leaves)
        self.skip = skip
        self.pretrain = pretrain
        self.dbn = _own(dbn)
        self.finetune = _own(finetune)
        self.threshold = _own(threshold)
        self.validation = validation
        self.device = device
        self.n_threads = n_threads
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight: npt.ArrayLike | None = None,
        groups: npt.ArrayLike | None = None,
        X_unlabelled: Any = None,
    ) -> ChurnClassifier:
        """Train on customers whose outcome is known.

        Parameters
        ----------
        X : DataFrame or 2-D array of shape (n, columns)
        y : array of shape (n,)
            Two labels.
        X_val, y_val : like X and y, optional
            Rows that stop the training and choose the threshold, and are never trained on. Without
            them a share `validation` of the rows is set aside.
        sample_weight : array of shape (n,), optional
        groups : array of shape (n,), optional
            Rows of one group (one customer) stay together in folds.
        X_unlabelled : like X, optional
            Customers without a known outcome; they join the pretraining.

        Raises
        ------
        DataError
            If the tables or labels cannot be used; the message says what to do.
        ConfigError
            If a parameter is not allowed, or a CUDA device is asked for and there is none.
        """
        check_parameters(self)
        size = len(X) if hasattr(X, "__len__") else 0
        compute = Compute.of(self.device, self.n_threads, self.random_state, size)
        self.seconds_: dict[str, float] = {}
        self.curves_: dict[str, Any] = {}
        with torch_threads(compute.threads):
            with stage("prepare", self.seconds_):
                train, val = self._read(X, y, X_val, y_val, sample_weight, groups, compute)
                table = self._fit_columns(train.table)
            draw = self.oversample.rows(train.y, compute.generator)
            balance = Balance(train.prior, train.take(draw).prior)
            if self.use_leaves:
                with stage("leaves", self.seconds_):
                    self._fit_leaves(table, train, draw, val, balance, compute)
            rows = self._views(table, self.leaves_.fold_ if self.use_leaves else None)
            rows_val = self._views(self.prepare_.transform(val.table))
            start = self._start_values(rows, balance)
            network = self._start_network(
                rows, rows_val, train, table, X_unlabelled, start, compute
            )
            with stage("fine-tune", self.seconds_):
                self.curves_["finetune"] = self.finetune.fit(
                    network,
                    rows,
                    train.y,
                    sample_weight=train.weight,
                    draw=draw,
                    validation=(rows_val, val.y, balance.weigh(val)),
                    device=compute.device,
                    seed=compute.seed(),
                )
            with stage("decide", self.seconds_):
                self._decide(network, val, balance)
        self.about_ = self._about(train, val)
        return self

    def _read(
        self,
        X: Any,
        y: Any,
        X_val: Any,
        y_val: Any,
        sample_weight: npt.ArrayLike | None,
        groups: npt.ArrayLike | None,
        compute: Compute,
    ) -> tuple[Part, Part]:
        """Training and validation customers, read by a schema learned from the former alone."""
        frame = self._frame(X, fitting=True)
        labels = read_labels(y, len(frame))
        self.classes_ = two_classes(labels)
        whole = encode_labels(labels, self.classes_, "y")
        weight = check_weight(sample_weight, len(frame))
        group = check_groups(groups, len(frame))
        if X_val is None and y_val is not None:
            raise DataError("y_val comes without its rows; pass X_val as well, or neither")
        if X_val is not None:
            rows = np.arange(len(frame))
            frame_val = self._frame(X_val)
            labels_val = read_labels(y_val, len(frame_val), "y_val")
            y_of_val = encode_labels(labels_val, self.classes_, "y_val")
            weight_val = np.ones(len(frame_val))
        else:
            rows, aside = set_aside(whole, group, self.validation, compute.generator)
            frame_val, y_of_val, weight_val = frame.iloc[aside], whole[aside], weight[aside]
        check_both_classes(whole[rows], weight[rows], "train on", "give more rows")
        advice = "give more rows or choose X_val and y_val yourself"
        check_both_classes(y_of_val, weight_val, "validate on", advice)
        frame = frame.iloc[rows]
        self.schema_ = infer(frame, self.kinds)
        train = Part(
            read(self.schema_, frame)[0],
            whole[rows],
            weight[rows],
            None if group is None else group[rows],
        )
        return train, Part(read(self.schema_, frame_val)[0], y_of_val, weight_val)

    def _fit_columns(self, table: Table) -> Table:
        """Fit preparation and encoding; returns the prepared training table."""
        self.prepare_ = _fresh(self.prepare).fit(table)
        prepared = self.prepare_.transform(table)
        self.encode_ = _fresh(self.encode).fit(prepared)
        return prepared

    def _fit_leaves(
        self,
        table: Table,
        train: Part,
        draw: npt.NDArray[np.intp],
        val: Part,
        balance: Balance,
        compute: Compute,
    ) -> None:
        """Fit the boosters; oversampled rows come as weights."""
        self.leaves_ = _fresh(self.leaves).fit(
            table,
            train.y,
            weight=train.weight * np.bincount(draw, minlength=len(train.y)),
            groups=train.groups,
            validation=(self.prepare_.transform(val.table), val.y, balance.weigh(val)),
            generator=compute.generator,
            device=compute.device,
            n_threads=compute.threads,
        )
        self.curves_["leaves"] = self.leaves_.curves_

    def _views(
        self, table: Table, blocks: npt.NDArray[np.int64] | None = None
    ) -> Visible | BoosterViews:
        """A prepared table as rows of the visible layer.

        Each row is seen through one booster: the one that `blocks` names or, for rows that no
        booster has seen, each in turn.
        """
        base = self.encode_.transform(table)
        if not self.use_leaves:
            return base
        record = self.leaves_.record_
        if blocks is None:
            blocks = np.arange(len(table)) % len(record.forests)
        return BoosterViews.of(base, record, table, blocks)

    def _start_network(
        self,
        rows: Visible | BoosterViews,
        rows_val: Visible | BoosterViews,
        train: Part,
        table: Table,
        X_unlabelled: Any,
        start: dict[str, Any],
        compute: Compute,
    ) -> Network:
        """The network to fine-tune: an unrolled stack of pretrained machines, or random weights."""
        seeds = compute.seed(), compute.seed()
        if not self.pretrain:
            return Network.random(
                rows.widths, rows.sizes, self.dbn.layers, random_state=seeds[1], **start
            )
        weight = train.weight
        if X_unlabelled is not None:
            extra = self.prepare_.transform(read(self.schema_, self._frame(X_unlabelled))[0])
            blocks = None
            if self.use_leaves:
                others = np.arange(len(extra)) % len(self.leaves_.record_.forests)
                blocks = np.concatenate([self.leaves_.fold_, others])
            rows = self._views(stacked(table, extra), blocks)
            weight = np.concatenate([weight, np.ones(len(extra))])
        with stage("pretrain", self.seconds_):
            dbn = _fresh(self.dbn).set_params(device=compute.device, random_state=seeds[0])
            try:
                self.dbn_ = dbn.fit(rows, sample_weight=weight, X_val=rows_val)
            except ValueError as error:  # the rows are ours, so a setting is wrong
                raise ConfigError(f"dbn: {error}") from error
        self.curves_["rbm"] = self.dbn_.curves_
        return Network.from_dbn(self.dbn_, random_state=seeds[1], **start)

    def _start_values(self, rows: Visible | BoosterViews, balance: Balance) -> dict[str, Any]:
        """Bias and skip of the network: the share of churners and what the boosters say."""
        start: dict[str, Any] = {"bias": log_odds(balance.trained)}
        if self.skip and isinstance(rows, BoosterViews):
            columns = np.zeros(sum(rows.base.sizes), np.float32)
            start["skip"] = np.concatenate([columns, rows.record.leaf_values])
        return start

    def _decide(self, network: Network, val: Part, balance: Balance) -> None:
        """Correct the prior and choose the threshold on the validation rows."""
        record = ModelRecord(
            schema=self.schema_,
            prepare=self.prepare_.record_,
            encode=self.encode_.record_,
            leaves=self.leaves_.record_ if self.use_leaves else None,
            network=network.record(),
            decide=DecideRecord(balance.prior, balance.trained, threshold=0.5),
            labels=tuple(str(label) for label in self.classes_),
            label_type=label_type(self.classes_),
        )
        scores = decide(record.decide, logits(record, val.table))
        self.choice_ = self.threshold.choose(val.y, scores, val.weight)
        self.threshold_ = self.choice_.threshold
        self.record_ = replace(record, decide=replace(record.decide, threshold=self.threshold_))

    def _about(self, train: Part, val: Part) -> dict[str, Any]:
        """Plain facts that are stored beside the model."""
        parts = (train, val)
        return {
            "training": {
                "rows": len(train.y),
                "validation_rows": len(val.y),
                "prior": train.prior,
                "fingerprint": fingerprint(
                    array for p in parts for array in (p.table.numbers, p.table.codes, p.y)
                ),
            },
            "columns": {"used": len(self.schema_.used), "dropped": self.prepare_.dropped_},
            "threshold": {
                "value": self.threshold_,
                "rule": self.threshold.rule,
                "target": self.threshold.target,
                "precision": self.choice_.precision,
                "recall": self.choice_.recall,
                "f1": self.choice_.f1,
            },
            "versions": versions(),
        }

    def _frame(self, X: Any, fitting: bool = False) -> pd.DataFrame:
        """The table as a DataFrame; arrays are checked the way scikit-learn does."""
        if isinstance(X, pd.DataFrame) or hasattr(X, "__arrow_c_stream__"):
            frame = as_frame(X)
            if fitting:
                if not len(frame):
                    raise DataError(
                        "the table has no rows: 0 samples, while a minimum of 2 is required"
                    )
                self.feature_names_in_ = np.array([str(name) for name in frame.columns], object)
                self.n_features_in_ = frame.shape[1]
            return frame
        values = validate_data(self, X, reset=fitting, ensure_all_finite="allow-nan")
        frame = as_frame(values)
        if not fitting and hasattr(self, "feature_names_in_"):
            frame.columns = list(self.feature_names_in_)
        return frame

    def predict_proba(self, X: Any) -> Floats:
        """Probabilities of staying and of leaving, shape (n, 2).

        Raises
        ------
        DataError
            If columns are missing or values cannot be read.
        """
        check_is_fitted(self, "record_")
        frame = self._frame(X)
        threads = self.n_threads or default_threads(len(frame))
        leaving, _ = probabilities(self.record_, frame, threads)
        return np.column_stack([1 - leaving, leaving])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Label of every row at ``threshold_``, shape (n,)."""
        leaving = self.predict_proba(X)[:, 1]
        return np.asarray(self.classes_[(leaving >= self.threshold_).astype(int)])

    def save(self, folder: str | Path, *, about: Mapping[str, Any] | None = None) -> None:
        """Write what scoring needs as a model folder, for ``Predictor.load``.

        Parameters
        ----------
        folder : path
            New, empty, or an older model, which is replaced.
        about : mapping, optional
            Plain data to keep beside the model, such as the name of the id column.

        Raises
        ------
        ConfigError
            If the folder exists and holds something other than a model.
        """
        check_is_fitted(self, "record_")
        facts = {**self.about_, **(about or {})}
        save(self.record_, folder, card=model_card(facts), about=facts)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags


def _own(stage: Stage) -> Stage:
    """A stage of the estimator's own where the signature's default came in.

    A default is one object for all classifiers; ``set_params`` of one must not change the others.
    """
    return _fresh(stage) if any(stage is default for default in _defaults()) else stage


def _fresh(stage: Stage) -> Stage:
    """An unfitted copy."""
    copy: Stage = clone(stage)
    return copy


def _defaults() -> tuple[BaseEstimator, ...]:
    defaults = ChurnClassifier.__init__.__kwdefaults__ or {}
    return tuple(value for value in defaults.values() if isinstance(value, BaseEstimator))
