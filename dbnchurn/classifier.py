"""The churn classifier: preparation, features, Boltzmann machines and decision as one estimator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
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
from dbnchurn.dbn import DBN, Branch, FineTune
from dbnchurn.decide import DecideRecord, Threshold
from dbnchurn.decide.blend import fit_blend
from dbnchurn.decide.decide_record import correct_prior, decide, log_odds
from dbnchurn.errors import ConfigError, DataError
from dbnchurn.features import Encode, Leaves, Oversample
from dbnchurn.features.views import BoosterViews
from dbnchurn.intake import Balance, Labels, Part, labelled_frames
from dbnchurn.labels import label_type
from dbnchurn.parameters import check_parameters, owned
from dbnchurn.predictor.artifact import save
from dbnchurn.predictor.card import model_card
from dbnchurn.predictor.forward import ModelRecord, logits, probabilities
from dbnchurn.prepare import Prepare
from dbnchurn.progress import stage
from dbnchurn.provenance import fingerprint, versions
from dbnchurn.schema import Table, as_frame, read, stacked
from dbnchurn.visible import Visible

Floats = npt.NDArray[np.float64]
Stage = TypeVar("Stage", bound=BaseEstimator)


COMPANION = Branch(
    pretrain=False,
    dbn=DBN((256, 256), hidden="relu"),
    finetune=FineTune(epochs=60, patience=10),
)


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
    use_companion : bool, default True
        Whether a second network, which sees the columns alone, is averaged with the first; it
        fails differently from the boosters.
    companion : Branch
        That network.
    restraint : float, default 25
        How strongly the blend of the networks' logits keeps to their equal average; see
        :func:`dbnchurn.decide.blend.fit_blend`.
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
        dbn: DBN = DBN((128, 64), epochs=5),
        finetune: FineTune = FineTune(),
        use_companion: bool = True,
        companion: Branch = COMPANION,
        restraint: Annotated[float, Field(ge=0)] = 25.0,
        threshold: Threshold = Threshold(),
        validation: Annotated[float, Field(gt=0, lt=1)] = 0.15,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        n_threads: Annotated[int, Field(ge=1)] | None = None,
        random_state: (
            Annotated[int, Field(ge=0)] | np.random.Generator | np.random.RandomState | None
        ) = None,
    ) -> None:
        self.kinds = kinds
        self.prepare = owned(self, prepare)
        self.encode = owned(self, encode)
        self.oversample = owned(self, oversample)
        self.use_leaves = use_leaves
        self.leaves = owned(self, leaves)
        self.skip = skip
        self.pretrain = pretrain
        self.dbn = owned(self, dbn)
        self.finetune = owned(self, finetune)
        self.use_companion = use_companion
        self.companion = owned(self, companion)
        self.restraint = restraint
        self.threshold = owned(self, threshold)
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
                frames = labelled_frames(
                    self._frame(X, fitting=True),
                    y,
                    None if X_val is None else self._frame(X_val),
                    y_val,
                    sample_weight=sample_weight,
                    groups=groups,
                    share=self.validation,
                    generator=compute.generator,
                )
                self.classes_ = frames.classes
                self.schema_, train, val = frames.read(self.kinds)
                table = self._fit_columns(train.table)
                table_val = self.prepare_.transform(val.table)
            draw = self.oversample.rows(train.y, compute.generator)
            balance = Balance(train.prior, train.take(draw).prior)
            held_out = (table_val, val.y, balance.weigh(val))
            if self.use_leaves:
                self._fit_leaves(table, train, draw, held_out, compute)
            rows = self._views(table, self.leaves_.fold_ if self.use_leaves else None)
            rows_val = self._views(table_val)
            self._fit_networks(
                rows,
                train,
                draw,
                validation=(rows_val, *held_out[1:]),
                pretrain_on=self._pretrain_rows(X_unlabelled, table, rows, train.weight),
                bias=log_odds(balance.trained),
                compute=compute,
            )
            with stage("decide", self.seconds_):
                self._decide(val, balance)
        self.about_ = self._about(train, val)
        return self

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
        held_out: tuple[Table, Labels, Floats],
        compute: Compute,
    ) -> None:
        """Fit the boosters; oversampled rows come as weights."""
        with stage("leaves", self.seconds_):
            self.leaves_ = _fresh(self.leaves).fit(
                table,
                train.y,
                weight=train.weight * np.bincount(draw, minlength=len(train.y)),
                groups=train.groups,
                validation=held_out,
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

    def _fit_networks(
        self,
        rows: Visible | BoosterViews,
        train: Part,
        draw: npt.NDArray[np.intp],
        *,
        validation: tuple[Visible | BoosterViews, Labels, Floats],
        pretrain_on: tuple[Visible | BoosterViews, Floats],
        bias: float,
        compute: Compute,
    ) -> None:
        """Fit the deep belief network on columns and leaves, and its companion on columns alone."""
        known: dict[str, Any] = {
            "y": train.y,
            "sample_weight": train.weight,
            "draw": draw,
            "bias": bias,
            "compute": compute,
        }
        deep = self._fit_branch(
            "dbn",
            Branch(pretrain=self.pretrain, dbn=self.dbn, finetune=self.finetune),
            rows,
            validation=validation,
            pretrain_on=pretrain_on,
            skip=self._skip(rows),
            **known,
        )
        self.branches_ = [deep]
        self.seconds_ |= deep.seconds_
        self.curves_ |= {"rbm": deep.curves_, "finetune": deep.finetune_curve_}
        if self.pretrain:
            self.dbn_ = deep.dbn_
        if self.use_companion:
            columns = (_columns_of(validation[0]), *validation[1:])
            self.branches_.append(
                self._fit_branch(
                    "companion", self.companion, _columns_of(rows), validation=columns, **known
                )
            )

    def _fit_branch(
        self, name: str, branch: Branch, rows: Any, *, compute: Compute, **known: Any
    ) -> Branch:
        """A fitted copy of one branch."""
        with stage(name, self.seconds_ if name == "companion" else None):
            try:
                return _fresh(branch).fit(rows, **known, device=compute.device, seed=compute.seed())
            except ValueError as error:  # the rows are ours, so a setting is wrong
                raise ConfigError(f"{name}: {error}") from error

    def _pretrain_rows(
        self, X_unlabelled: Any, table: Table, rows: Visible | BoosterViews, weight: Floats
    ) -> tuple[Visible | BoosterViews, Floats]:
        """Rows of pretraining: the training rows and customers without an outcome."""
        if X_unlabelled is None:
            return rows, weight
        extra = self.prepare_.transform(read(self.schema_, self._frame(X_unlabelled))[0])
        blocks = None
        if self.use_leaves:
            others = np.arange(len(extra)) % len(self.leaves_.record_.forests)
            blocks = np.concatenate([self.leaves_.fold_, others])
        both = self._views(stacked(table, extra), blocks)
        return both, np.concatenate([weight, np.ones(len(extra))])

    def _skip(self, rows: Visible | BoosterViews) -> npt.NDArray[np.float32] | None:
        """What every level adds to the logit at first: the boosters' leaf values."""
        if not self.skip or not isinstance(rows, BoosterViews):
            return None
        columns = np.zeros(sum(rows.base.sizes), np.float32)
        return np.concatenate([columns, rows.record.leaf_values])

    def _decide(self, val: Part, balance: Balance) -> None:
        """Correct the prior, blend the networks and choose the threshold, on validation rows."""
        networks = tuple(branch.network_.record() for branch in self.branches_)
        equal = np.full(len(networks), 1 / len(networks))
        undecided = DecideRecord(balance.prior, balance.trained, equal, 0.0, threshold=0.5)
        record = ModelRecord(
            schema=self.schema_,
            prepare=self.prepare_.record_,
            encode=self.encode_.record_,
            leaves=self.leaves_.record_ if self.use_leaves else None,
            networks=networks,
            decide=undecided,
            labels=tuple(str(label) for label in self.classes_),
            label_type=label_type(self.classes_),
        )
        found = logits(record, val.table)
        corrected = correct_prior(found, balance.trained, balance.prior)
        weights, offset = fit_blend(corrected, val.y, val.weight, self.restraint)
        blended = replace(undecided, weights=weights, offset=offset)
        self.choice_ = self.threshold.choose(val.y, decide(blended, found), val.weight)
        self.threshold_ = self.choice_.threshold
        self.record_ = replace(record, decide=replace(blended, threshold=self.threshold_))

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


def _columns_of(rows: Visible | BoosterViews) -> Visible:
    """The rows without leaves."""
    return rows.base if isinstance(rows, BoosterViews) else rows


def _fresh(stage: Stage) -> Stage:
    """An unfitted copy."""
    copy: Stage = clone(stage)
    return copy
