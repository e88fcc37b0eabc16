"""The churn classifier: preparation, features, Boltzmann machines and decision as one estimator."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted

from dbnchurn.core.blas import reserve_blas_memory
from dbnchurn.core.checkpoints import CheckpointStore
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.parameters import DefaultStages, check_parameters, parameters_text, resolved
from dbnchurn.core.progress import stage
from dbnchurn.dbn import Linear, NetworkStage
from dbnchurn.decide import Threshold
from dbnchurn.features import Encode, ExtraTrees, Leaves, Oversample, Plausibility
from dbnchurn.features.plausibility import check_rows
from dbnchurn.model.compute import Compute, limited_threads
from dbnchurn.model.decision import CalibratedModel
from dbnchurn.model.default_networks import DEFAULT_COMPANION, DEFAULT_NETWORK
from dbnchurn.model.inputs import fingerprint_of, fit_inputs, labelled_rows
from dbnchurn.model.labels import PYTHON, unsorted_warning
from dbnchurn.model.large_tables import LargeTableRules
from dbnchurn.model.learning import HeldOutFit, fit_plausibility, learn
from dbnchurn.model.scoring_classifier import ScoringClassifier
from dbnchurn.model.stages import Stages
from dbnchurn.predictor.reference import learn_reference
from dbnchurn.prepare import Prepare
from dbnchurn.tables.label import LabelWarning, inverted
from dbnchurn.tables.label_classes import LabelValues, majority_warning
from dbnchurn.tables.reading import refuse_sparse
from dbnchurn.tables.row_order import refuse_reordered


class ChurnClassifier(DefaultStages, ScoringClassifier):
    """Predicts who will leave, from a table of customers as it comes.

    The stages in order: the table is read by a schema inferred from the training rows; columns are
    prepared; churners are oversampled if that is asked for; cross-fitted boosters give every row
    its leaf codes; Boltzmann machines are pretrained on the encoded columns; the stack is unrolled,
    its logit starts at the leaf values, and all is fine-tuned; the prior is corrected, so that
    scores are true probabilities; and a threshold is chosen. The leaf codes of a training row come
    from the booster fitted without its fold; a new row is passed through every booster and the
    logits are averaged.

    Parameters that are stages are None by default, which stands for the stage in
    ``ChurnClassifier.default_stages``; ``set_params(leaves__n_trees=100)`` works all the same. A
    network that is given without machines or fine-tuning has those of the default network.

    Parameters
    ----------
    kinds : mapping of column → {"number", "flag", "category", "date", "ignore"}, optional
        Kinds that would be inferred wrongly; see :func:`dbnchurn.tables.kinds.infer`.
    formats : mapping of column → str, optional
        How numbers or dates in text are written, where that is in doubt: the number 1234.5, such
        as ``"1.234,5"``, or a date format, such as ``"%d.%m.%Y"``.
    positive, negative : label or list of labels, optional
        Of those who left, and of those who stayed; of more than two, both. By default known words
        decide, such as churned and stayed, or the sorted order, with a ``LabelWarning``.
    prepare : Prepare, optional
        How columns are cleaned and reduced.
    encode : Encode, optional
        How columns become visible units.
    oversample : Oversample, optional
        Whether churners are repeated, weighted or joined by synthetic ones in training.
    use_leaves : bool, default True
        Whether leaves of boosters contribute to the first network's logit.
    leaves : Leaves, optional
        The boosters.
    codes : bool or "auto", default False
        Whether boosters test, beside the columns, 64 hidden codes of machines that were pretrained
        on these. "auto" fits both ways and keeps codes if what they add to average precision, on
        average over the folds that each booster was fitted without, exceeds its standard error.
    skip : bool, default True
        Whether the network starts at the boosters' own sum of leaf values, through a direct
        contribution of every leaf to the logit that is trained with the rest.
    network : NetworkStage, optional
        The first network: its Boltzmann machines, whether they are pretrained, and its fine-tuning.
        By default two layers of 128 and 64 units, pretrained.
    use_companion : bool, default True
        Whether a second network, of the columns alone, is blended: its errors are others.
    companion : NetworkStage, optional
        That network. By default two layers of 256 rectified units, not pretrained.
    use_linear : bool, default True
        Whether a logistic regression is blended with the networks; of few churners it learns most.
    linear : Linear, optional
        That regression.
    use_extra_trees : bool, default True
        Whether extremely randomised trees are blended with the networks; where rows nearly repeat,
        they remember them.
    extra_trees : ExtraTrees, optional
        These trees.
    use_plausibility : bool, default False
        Whether a Boltzmann machine learns which values occur together, so that scoring can say
        which rows are odd and in which columns; it has no part in the scores. Weights of rows are
        not used. It takes about 20 seconds for 5,000 rows.
    plausibility : Plausibility, optional
        That machine.
    restraint : float, default 10
        How strongly the blend of the members' logits keeps to their equal average; see
        :func:`dbnchurn.decide.calibration.fit_floored_blend`.
    threshold : Threshold, optional
        Rule that chooses the threshold.
    validation : float, default 0.15
        Share of rows that stop training and choose the threshold where `fit` gets none for that.
    large_tables : LargeTableRules
        What a large table changes: the boosters, and how many rows pretrain and stop.
    leakage : {"error", "warn", "off"}, default "warn"
        What happens if a column alone decides the label or names its row: a
        :class:`~dbnchurn.core.errors.DataError`, one
        :class:`~dbnchurn.core.errors.LeakageWarning` that names all of them, or nothing. Tables of
        fewer than 200 rows, or fewer than 20 of either label, are not looked at.
    refit : bool, default True
        Whether, where `fit` gets no validation rows, everything is then learned anew from all rows:
        with the numbers of trees and epochs, the blend and the threshold that the rows set aside
        have chosen. A run measures the model, learns anew from all labelled rows, and stores that.
    device : {"auto", "cpu", "cuda"}, default "auto"
        Where boosters and network are trained.
    n_threads : int, optional
        Threads of the boosters and the network; by default one for small tables, else up to 4.
    random_state : int, Generator, RandomState or None, default None
        The same integer gives the same model.

    Attributes
    ----------
    classes_ : array of two labels
        Of those who stayed and of those who left, in this order, whatever their alphabet.
    meaning_ : LabelMeaning
        All labels of those who left and of those who stayed.
    threshold_ : float
    record_ : ModelRecord
        All that scoring needs.
    choice_ : Choice
        The threshold with its precision, recall and F1 on the validation rows.
    curves_ : dict
        Per-epoch records: ``rbm`` (one list per machine), ``finetune`` (a list), ``leaves`` (one
        list of log losses per booster); of the fit that validation rows stopped.
    seconds_ : dict of stage → wall seconds
    n_features_in_ : int
    feature_names_in_ : array of str, where `X` has named columns

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> generator = np.random.default_rng(0)
    >>> debt, plan = generator.normal(size=400), generator.choice(["A", "B"], 400)
    >>> X = pd.DataFrame({"debt": debt, "plan": plan})
    >>> y = (X["debt"] + generator.normal(size=400) > 1.2).astype(int)
    >>> model = ChurnClassifier(leaves=Leaves(folds=2, n_trees=20), random_state=0).fit(X, y)
    >>> model.predict_proba(X).shape
    (400, 2)
    """

    default_stages: ClassVar[Mapping[str, Any]] = {
        "prepare": Prepare(),
        "encode": Encode(),
        "oversample": Oversample(),
        "leaves": Leaves(),
        "network": DEFAULT_NETWORK,
        "companion": DEFAULT_COMPANION,
        "linear": Linear(),
        "extra_trees": ExtraTrees(),
        "plausibility": Plausibility(),
        "threshold": Threshold(),
        "large_tables": LargeTableRules(),
    }
    renamed_parameters: ClassVar[Mapping[str, str]] = {
        "pretrain": "network.pretrain",
        "dbn": "network.dbn",
        "finetune": "network.finetune",
        "scale": "large_tables",
    }

    def __init__(
        self,
        *,
        kinds: Mapping[str, str] | None = None,
        formats: Mapping[str, str] | None = None,
        positive: LabelValues | None = None,
        negative: LabelValues | None = None,
        prepare: Prepare | None = None,
        encode: Encode | None = None,
        oversample: Oversample | None = None,
        use_leaves: bool = True,
        leaves: Leaves | None = None,
        codes: bool | Literal["auto"] = False,
        skip: bool = True,
        network: NetworkStage | None = None,
        use_companion: bool = True,
        companion: NetworkStage | None = None,
        use_linear: bool = True,
        linear: Linear | None = None,
        use_extra_trees: bool = True,
        extra_trees: ExtraTrees | None = None,
        use_plausibility: bool = False,
        plausibility: Plausibility | None = None,
        restraint: Annotated[float, Field(ge=0)] = 10.0,
        threshold: Threshold | None = None,
        validation: Annotated[float, Field(gt=0, lt=1)] = 0.15,
        large_tables: LargeTableRules | None = None,
        leakage: Literal["error", "warn", "off"] = "warn",
        refit: bool = True,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        n_threads: Annotated[int, Field(ge=1)] | None = None,
        random_state: (
            Annotated[int, Field(ge=0)] | np.random.Generator | np.random.RandomState | None
        ) = None,
    ) -> None:
        self.kinds = kinds
        self.formats = formats
        self.positive = positive
        self.negative = negative
        self.prepare = prepare
        self.encode = encode
        self.oversample = oversample
        self.use_leaves = use_leaves
        self.leaves = leaves
        self.codes = codes
        self.skip = skip
        self.network = network
        self.use_companion = use_companion
        self.companion = companion
        self.use_linear = use_linear
        self.linear = linear
        self.use_extra_trees = use_extra_trees
        self.extra_trees = extra_trees
        self.use_plausibility = use_plausibility
        self.plausibility = plausibility
        self.restraint = restraint
        self.threshold = threshold
        self.validation = validation
        self.large_tables = large_tables
        self.leakage = leakage
        self.refit = refit
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
        sample_weight_val: npt.ArrayLike | None = None,
        checkpoints: str | Path | None = None,
    ) -> ChurnClassifier:
        """Train on customers whose outcome is known.

        Parameters
        ----------
        X : DataFrame or 2-D array of shape (n, columns)
        y : array of shape (n,)
            Labels of two classes, or of several that `positive` and `negative` divide; spellings
            such as ``Yes`` and ``yes`` are one label.
        X_val, y_val : like X and y, optional
            Rows that stop the training and choose the threshold, and are never trained on. Without
            them a share `validation` of the rows is set aside for that.
        sample_weight : array of shape (n,), optional
            How much a row counts. Only ratios matter: the mean is made one over the rows that
            count, so weights and any multiple of them give the same model, and equal ones the
            model without weights. The largest may be a million times the smallest above 0.
        groups : array of shape (n,), optional
            Rows of one group (one customer) stay together in folds.
        X_unlabelled : like X, optional
            Customers without a known outcome; they join the pretraining.
        sample_weight_val : array, one a row of X_val, optional
            How much a validation row counts, likewise.
        checkpoints : path, optional
            Folder that gets every finished booster, and the networks after every epoch. Called
            again with the same arguments after an interruption, `fit` continues from there, to the
            same model as without it (on a CPU, with the same number of threads). Needs an integer
            `random_state`.

        Returns
        -------
        self

        Raises
        ------
        DataError
            If the tables or labels cannot be used; the message says what to do.
        ConfigError
            If a parameter is not allowed, or a CUDA device is asked for and there is none.
        """
        settings = resolved(self)
        check_parameters(settings)
        reserve_blas_memory()
        refuse_sparse(X)
        refuse_reordered(X, y=y, sample_weight=sample_weight, groups=groups)
        refuse_reordered(X_val, y_val=y_val, sample_weight_val=sample_weight_val)
        size = len(X) if hasattr(X, "__len__") else 0
        compute = Compute.of(self.device, self.n_threads, self.random_state, size)
        store = self._store(checkpoints)
        self.seconds_: dict[str, float] = {}
        with limited_threads(compute.n_threads):
            with stage("prepare", self.seconds_):
                inputs = fit_inputs(
                    self._frame(X, fitting=True),
                    y,
                    None if X_val is None else self._frame(X_val),
                    y_val,
                    sample_weight=sample_weight,
                    groups=groups,
                    validation_share=self.validation,
                    generator=compute.generator,
                    positive=self.positive,
                    negative=self.negative,
                    sample_weight_val=sample_weight_val,
                )
                self.classes_, self.meaning_ = inputs.classes, inputs.meaning
            unlabelled = None if X_unlabelled is None else self._frame(X_unlabelled)
            parameters = parameters_text(settings)
            store.begin(lambda: {"parameters": parameters, "rows": inputs.fingerprint(unlabelled)})
            stages = Stages.of(settings.get_params(deep=False), len(inputs.train.y))
            if self.use_plausibility:
                check_rows(len(inputs.train.y))
            model, self.curves_ = learn(
                stages,
                inputs,
                unlabelled,
                compute,
                store,
                restraint=self.restraint,
                refit=self.refit,
                seconds=self.seconds_,
            )
            machine = self._plausibility(settings, model, compute)
        self._held_out = None if inputs.all_rows is not None else HeldOutFit(stages, model)
        self._set_fitted(model, machine)
        return self

    def refitted_on(
        self,
        X: Any,
        y: Any,
        *,
        sample_weight: npt.ArrayLike | None = None,
        groups: npt.ArrayLike | None = None,
        X_unlabelled: Any = None,
        checkpoints: str | Path | None = None,
    ) -> ChurnClassifier:
        """A new classifier that learned from these rows, with the lengths and decision of this one.

        Nothing is chosen anew: trees, epochs, penalties, blend and threshold are those that the
        validation rows of :meth:`fit` chose. So these rows may be all there are, the validation
        rows and those this classifier was measured on among them; what was measured is of this
        classifier, and no number can be measured of the new one on its rows.

        Parameters
        ----------
        X : DataFrame or 2-D array of shape (n, columns)
        y : array of shape (n,)
            Labels with the meaning that they had in :meth:`fit`.
        sample_weight, groups, X_unlabelled, checkpoints : optional
            As :meth:`fit` takes them.

        Returns
        -------
        ChurnClassifier
            Fitted; this one stays as it is.

        Raises
        ------
        ConfigError
            If this classifier was fitted without `X_val`, or loaded from a pickle: what its
            validation rows chose on is not there.
        DataError
            If the table or the labels cannot be used.
        """
        check_is_fitted(self, "record_")
        if self._held_out is None:
            raise ConfigError(
                "refitted_on needs a classifier that fit(X, y, X_val=..., y_val=...) has fitted in "
                "this process; fit(X, y) without X_val learns from all rows by itself"
            )
        refuse_sparse(X)
        again: ChurnClassifier = clone(self)
        settings, store = resolved(again), again._store(checkpoints)
        compute = Compute.of(self.device, self.n_threads, self.random_state, len(X))
        frame = again._frame(X, fitting=True)
        rows = labelled_rows(frame, y, self.meaning_, sample_weight, groups)
        unlabelled = None if X_unlabelled is None else again._frame(X_unlabelled)
        parameters = parameters_text(settings)
        store.begin(lambda: {"parameters": parameters, "rows": fingerprint_of([rows], unlabelled)})
        again.classes_, again.meaning_, again.curves_ = self.classes_, self.meaning_, self.curves_
        again.seconds_, again._held_out = {}, None
        with limited_threads(compute.n_threads), stage("refit", again.seconds_):
            held_out = self._held_out
            model = held_out.refitted(rows, unlabelled, self.classes_, compute, store)
            machine = again._plausibility(settings, model, compute)
        again._set_fitted(model, machine)
        return again.decide_by(self.choice_)

    def _plausibility(
        self, settings: ChurnClassifier, model: CalibratedModel, compute: Compute
    ) -> Plausibility | None:
        """The fitted machine of plausibility, where it is asked for."""
        if not self.use_plausibility or settings.plausibility is None:
            return None
        with stage("plausibility", self.seconds_):
            return fit_plausibility(settings.plausibility, model, compute)

    def __getstate__(self) -> dict[str, Any]:
        """The fitted attributes without the rows of the training."""
        return {**super().__getstate__(), "_held_out": None}

    def _store(self, checkpoints: str | Path | None) -> CheckpointStore:
        """Where finished boosters and epochs of this fit are kept."""
        if checkpoints is not None and not isinstance(self.random_state, int | np.integer):
            raise ConfigError(
                f"checkpoints need an integer random_state, so that a repeated step gives the same "
                f"result; it is {self.random_state!r}"
            )
        return CheckpointStore(None if checkpoints is None else Path(checkpoints))

    def _set_fitted(self, model: CalibratedModel, machine: Plausibility | None) -> None:
        """Set the fitted attributes."""
        for name in ("leaves_", "dbn_"):  # of an earlier fit with other parameters
            self.__dict__.pop(name, None)
        fitted = model.stages
        self.schema_, self.prepare_, self.encode_ = fitted.schema, fitted.prepare, fitted.encode
        if fitted.leaves is not None:
            self.leaves_ = fitted.leaves
        self.networks_ = list(fitted.networks.values())
        if self.networks_[0].pretrain:
            self.dbn_ = self.networks_[0].dbn_
        self.choice_, self.threshold_ = model.choice, model.choice.threshold
        reference = learn_reference(fitted.train.table, model.reference_scores)
        plausibility = None if machine is None else machine.record_
        self.record_ = replace(model.record, reference=reference, plausibility=plausibility)
        self.about_ = {**self.meaning_.as_dict(), **model.about()}
        prior, turned = self.about_["training"]["prior"], inverted(self.meaning_, PYTHON)
        if warning := majority_warning(self.meaning_.condition, prior, turned):
            warnings.warn(warning, LabelWarning, stacklevel=3)
        if warning := unsorted_warning(self.classes_):
            warnings.warn(warning, LabelWarning, stacklevel=3)
