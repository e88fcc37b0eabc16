"""Deep belief network: restricted Boltzmann machines trained one on top of another."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from dbnchurn.core.random_state import RandomStateLike, integer_seed
from dbnchurn.core.typing import Floats32
from dbnchurn.dbn.checkpoint import file_of, load
from dbnchurn.dbn.hidden_units import HIDDEN, HiddenKind
from dbnchurn.dbn.minibatches import UpwardRows, UpwardStream, upward_pass
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import (
    CHUNK,
    RowSource,
    Stream,
    as_rows,
    check_sample_weight,
    check_visible,
    chunks,
)
from dbnchurn.dbn.training import Callback, train
from dbnchurn.dbn.training_settings import Epochs, Schedule, TrainingSettings, is_count
from dbnchurn.dbn.visible import Visible

Device = Literal["cpu", "cuda", "auto"]
Units = Literal["auto", "bernoulli", "gaussian"]


def device_of(name: Device) -> torch.device:
    """The device of that name; "auto" is CUDA if there is a GPU.

    Raises
    ------
    ValueError
        If the name is unknown, or CUDA is asked for and absent.
    """
    if name not in ("cpu", "cuda", "auto"):
        raise ValueError(f"device={name!r} is not one of 'cpu', 'cuda', 'auto'")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device='cuda', but torch finds no GPU; use 'cpu' or 'auto'")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


@contextmanager
def torch_threads(n_threads: int | None) -> Iterator[None]:
    """Set the CPU threads of torch within the context; None leaves the setting unchanged."""
    before = torch.get_num_threads()
    if n_threads is not None:
        torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        if n_threads is not None:
            torch.set_num_threads(before)


def _n_columns(rows: RowSource | Stream) -> int:
    """Columns of a row: units and code groups."""
    if isinstance(rows, RowSource):
        return sum(rows.widths[:2]) + len(rows.sizes)
    first = next(iter(rows))
    return sum(first.widths[:2]) + len(first.sizes)


class DBN(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Deep belief network: restricted Boltzmann machines trained greedily, one on the other.

    The first machine takes Gaussian, Bernoulli and softmax units at once, missing entries included;
    each further one takes the hidden activations of the one below as its visible units (Bernoulli,
    or Gaussian with learned variance above a rectified layer).

    A setting marked *per layer* may be one value or a sequence with one value for every layer.

    Parameters
    ----------
    layers : sequence of int, default (128, 64)
        Hidden units of every machine.
    epochs : int or "auto", default 10
        Passes over the rows; per layer. "auto": as many as make 200 mini-batches, from 2 to 20, and
        fewer on a wide table; see :mod:`dbnchurn.dbn.epoch_count`.
    batch_size : int, default 128
        Rows of a mini-batch; per layer.
    learning_rate : float, default 0.05
        Per layer.
    schedule : {"constant", "linear", "cosine"}, default "constant"
        How the learning rate falls from epoch to epoch; per layer.
    cd_k : int, default 1
        Gibbs sweeps of a step; per layer. More where the density itself matters.
    persistent : bool, default False
        Persistent chains instead of chains that start at the data; per layer.
    mean_field : bool, default False
        Bernoulli visible units keep their probabilities in the negative phase instead of samples
        (Hinton, 2012, section 3.2): less noise and faster, but biased; per layer.
    momentum : float, default 0.9
        Momentum after the first five epochs, which have 0.5; per layer.
    weight_decay : float, default 1e-4
        L2 on weights, never on biases; per layer.
    centering : bool, default True
        Train the centered machine, with offsets at the means of the units; per layer.
    sparsity_target : float, optional
        Mean activation to which hidden units are regularised; per layer.
    sparsity_cost : float, default 0.1
        Strength of that regularisation; per layer.
    gaussian_rate : float, default 0.1
        Factor on the learning rate for weights and biases of Gaussian units; per layer.
    variance_rate : float, default 0.01
        Factor on the learning rate for log variances of Gaussian units; per layer.
    hidden : {"bernoulli", "relu"}, default "bernoulli"
        Kind of the hidden units; per layer.
    patience : int, optional
        Epochs with a widened free-energy gap after which training stops and the weights of the
        epoch before them are restored; needs validation rows. Per layer.
    units : {"auto", "bernoulli", "gaussian"}, default "auto"
        Kind of the columns of a plain array. "auto": Bernoulli if all training values lie between
        0 and 1, otherwise Gaussian. Without effect on a `Visible`, which has its own kinds.
    device : {"cpu", "cuda", "auto"}, default "cpu"
    n_threads : int, optional
        CPU threads of torch while fitting; unchanged if None.
    random_state : int, Generator, RandomState or None, default None

    Attributes
    ----------
    rbms_ : list of RBM
    curves_ : list of lists of dict
        For every machine one record per epoch: reconstruction_error, free_energy_gap (with
        validation rows), update_ratio, dead, saturated, code_spread, learning_rate, seconds. Of
        the first machine the first record also has pseudo_likelihood_before and the last one
        pseudo_likelihood, of held-out rows where there are any.

    References
    ----------
    Hinton, Osindero and Teh (2006), A fast learning algorithm for deep belief nets. Hinton (2012),
    A practical guide to training restricted Boltzmann machines.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).integers(0, 2, (200, 6))
    >>> dbn = DBN((8, 4), epochs=2, random_state=0).fit(X)
    >>> dbn.transform(X).shape
    (200, 4)
    """

    def __init__(
        self,
        layers: Sequence[int] = (128, 64),
        *,
        epochs: Epochs | Sequence[Epochs] = 10,
        batch_size: int | Sequence[int] = 128,
        learning_rate: float | Sequence[float] = 0.05,
        schedule: Schedule | Sequence[Schedule] = "constant",
        cd_k: int | Sequence[int] = 1,
        persistent: bool | Sequence[bool] = False,
        mean_field: bool | Sequence[bool] = False,
        momentum: float | Sequence[float] = 0.9,
        weight_decay: float | Sequence[float] = 1e-4,
        centering: bool | Sequence[bool] = True,
        sparsity_target: float | Sequence[float | None] | None = None,
        sparsity_cost: float | Sequence[float] = 0.1,
        gaussian_rate: float | Sequence[float] = 0.1,
        variance_rate: float | Sequence[float] = 0.01,
        hidden: HiddenKind | Sequence[HiddenKind] = "bernoulli",
        patience: int | Sequence[int | None] | None = None,
        units: Units = "auto",
        device: Device = "cpu",
        n_threads: int | None = None,
        random_state: RandomStateLike = None,
    ) -> None:
        self.layers = layers
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.cd_k = cd_k
        self.persistent = persistent
        self.mean_field = mean_field
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.centering = centering
        self.sparsity_target = sparsity_target
        self.sparsity_cost = sparsity_cost
        self.gaussian_rate = gaussian_rate
        self.variance_rate = variance_rate
        self.hidden = hidden
        self.patience = patience
        self.units = units
        self.device = device
        self.n_threads = n_threads
        self.random_state = random_state

    # --- training -------------------------------------------------------------------------------

    def fit(
        self,
        X: Any,
        y: object = None,
        *,
        sample_weight: npt.ArrayLike | None = None,
        X_val: Any = None,
        callbacks: Sequence[Callback] = (),
        resume_from: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Train the machines one after another, without labels.

        Parameters
        ----------
        X : Visible, RowSource, Stream, or 2-D array
            NaN and code -1 mean that the entry is missing.
        y : ignored
        sample_weight : array of shape (n,), optional
        X_val : as X, optional
            Held-out rows for the free-energy gap, never trained on.
        callbacks : sequence of callables
            Each is called with the :class:`~dbnchurn.dbn.training.Training` after every epoch.
        resume_from : path, optional
            Folder of a :class:`~dbnchurn.dbn.checkpoint.Checkpoint`, whose training is continued;
            layers without a file there are trained from the start.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a value, code, weight, shape or setting is not allowed; the message says which.
        """
        self._check_settings()
        settings_by_layer, hidden = self.training_settings(), self._per_layer("hidden", self.hidden)
        rows = self._rows(X, fitting=True)
        rows_val = None if X_val is None else self._rows(X_val)
        weight = None
        if isinstance(rows, RowSource):
            weight = check_sample_weight(sample_weight, len(rows))
        elif sample_weight is not None:
            raise ValueError("sample_weight does not go with a stream; give rows with a length")
        generator = DeviceGenerator(integer_seed(self.random_state), device_of(self.device))
        self.rbms_: list[RBM] = []
        self.curves_: list[list[dict[str, float]]] = []
        with torch_threads(self.n_threads):
            for layer, settings in enumerate(settings_by_layer):
                saved = None if resume_from is None else file_of(resume_from, layer)
                resume = None
                if saved is not None and saved.exists():
                    resume = load(saved, settings, generator.device)
                    generator = resume.generator
                held_out = None if rows_val is None else self._layer_input(rows_val, layer, hidden)
                training = train(
                    self._layer_input(rows, layer, hidden),
                    settings,
                    n_hidden=self.layers[layer],
                    hidden=hidden[layer],
                    generator=generator,
                    sample_weight=weight,
                    rows_val=held_out,
                    callbacks=callbacks,
                    layer=layer,
                    resume=resume,
                )
                self.rbms_.append(training.rbm)
                self.curves_.append(training.curve)
        return self

    def _check_settings(self) -> None:
        """Refuse layers and kinds of units that do not exist."""
        sizes = list(self.layers) if isinstance(self.layers, Iterable) else []
        if not sizes or not all(is_count(n) for n in sizes):
            raise ValueError(f"layers={self.layers!r} must be one or more whole numbers from 1 up")
        if self.units not in ("auto", "bernoulli", "gaussian"):
            raise ValueError(f"units={self.units!r} is not one of 'auto', 'bernoulli', 'gaussian'")
        for kind in self._per_layer("hidden", self.hidden):
            if kind not in HIDDEN:
                raise ValueError(f"hidden={kind!r} is not one of {', '.join(map(repr, HIDDEN))}")

    def functions(self) -> list[str]:
        """Activation function of every layer in the unrolled network: "sigmoid" or "relu".

        Raises
        ------
        ValueError
            If there is no such layer or kind of unit.
        """
        self._check_settings()
        return [HIDDEN[kind].function for kind in self._per_layer("hidden", self.hidden)]

    def _per_layer(self, name: str, value: Any) -> list[Any]:
        """One value for every layer."""
        if not isinstance(value, list | tuple):
            return [value] * len(self.layers)
        if len(value) != len(self.layers):
            raise ValueError(
                f"{name} has {len(value)} values for {len(self.layers)} layers; "
                "give one value, or one for every layer"
            )
        return list(value)

    def training_settings(self) -> list[TrainingSettings]:
        """Settings of every machine.

        Raises
        ------
        ValueError
            If a setting is not allowed, or has another number of values than there are layers.

        Examples
        --------
        >>> [settings.epochs for settings in DBN((8, 4), epochs=(3, 2)).training_settings()]
        [3, 2]
        """
        names = [field.name for field in fields(TrainingSettings) if hasattr(self, field.name)]
        values = {name: self._per_layer(name, getattr(self, name)) for name in names}
        return [
            TrainingSettings(**{name: by_layer[layer] for name, by_layer in values.items()})
            for layer in range(len(self.layers))
        ]

    def _layer_input(self, rows: Any, layer: int, hidden: Sequence[HiddenKind]) -> Any:
        """Rows of the visible layer of one machine."""
        if layer == 0:
            return rows
        upward = UpwardRows if isinstance(rows, RowSource) else UpwardStream
        return upward(rows, tuple(self.rbms_), HIDDEN[hidden[layer - 1]].seen_as)

    # --- input ----------------------------------------------------------------------------------

    def _rows(self, X: Any, fitting: bool = False) -> RowSource | Stream:
        """Checked rows; a plain array as units of the kind that `units` says."""
        is_array = hasattr(X, "dtype") or hasattr(X, "columns") or isinstance(X, list)
        if not is_array and isinstance(X, RowSource | Stream):
            rows: RowSource | Stream = as_rows(X) if isinstance(X, RowSource) else X
            if fitting:
                self.n_features_in_ = _n_columns(rows)
        else:
            rows = self._array_rows(X, fitting)
        if isinstance(rows, RowSource) and not len(rows):
            raise ValueError("there are no rows (0 samples); at least 1 is needed")
        self._check_units(rows if isinstance(rows, RowSource) else next(iter(rows)), fitting)
        return rows

    def _array_rows(self, X: Any, fitting: bool) -> Visible:
        values = validate_data(
            self, X, reset=fitting, dtype=np.float32, ensure_all_finite="allow-nan"
        )
        if fitting:
            in_range = not ((values < 0) | (values > 1)).any()
            by_range = "bernoulli" if in_range else "gaussian"
            self.array_units_ = by_range if self.units == "auto" else self.units
        kind = "gaussian" if getattr(self, "array_units_", "") == "gaussian" else "binary"
        visible = Visible.of(**{kind: values})
        check_visible(visible)
        return visible

    def _check_units(self, rows: RowSource, fitting: bool) -> None:
        """Remember the units of the rows in fitting; refuse rows of other units later."""
        units = (rows.widths[:2], tuple(rows.sizes))
        if fitting:
            self.units_ = units
        elif units != self.units_:
            raise ValueError(
                f"the rows have {units[0][0]} gaussian and {units[0][1]} binary units and code "
                f"groups of sizes {units[1]}; the DBN was fitted on {self.units_[0][0]}, "
                f"{self.units_[0][1]} and {self.units_[1]}"
            )

    def row_chunks(self, X: Any, size: int) -> Iterable[Visible]:
        """Checked rows in chunks.

        Parameters
        ----------
        X : Visible, RowSource, Stream, or 2-D array
        size : int
            Rows of a chunk; without effect on a stream, which yields its own mini-batches.

        Returns
        -------
        iterable of Visible
        """
        rows = self._rows(X)
        return chunks(rows, size) if isinstance(rows, RowSource) else rows

    # --- use ------------------------------------------------------------------------------------

    @property
    def _n_features_out(self) -> int:
        return self.rbms_[-1].n_hidden

    @torch.no_grad()
    def transform(self, X: Any) -> Floats32:
        """Hidden activations of the last machine, float32 of shape (n, layers[-1]).

        Computed in float64, so that the result for a row does not depend on the other rows.
        """
        check_is_fitted(self, "rbms_")
        exact = [rbm.in_dtype(torch.float64) for rbm in self.rbms_]
        activations = [
            upward_pass(exact, batch).float().cpu().numpy() for batch in self.row_chunks(X, CHUNK)
        ]
        return np.concatenate(activations)

    @torch.no_grad()
    def sample(
        self, n: int, *, sweeps: int = 1000, random_state: RandomStateLike = None
    ) -> Visible:
        """`n` rows from the model: Gibbs sampling in the last machine, then one pass down.

        Parameters
        ----------
        n : int
        sweeps : int, default 1000
        random_state : int, Generator, RandomState or None, default None

        Returns
        -------
        Visible
            n rows of the first machine.
        """
        check_is_fitted(self, "rbms_")
        generator = DeviceGenerator(integer_seed(random_state), self.rbms_[0].device)
        state = self.rbms_[-1].sample(n, generator, sweeps=sweeps)
        for rbm in reversed(self.rbms_[:-1]):
            (h,) = state.values()
            state = rbm.sample_v_from_h(h.values, generator)
        return self.rbms_[0].visible_rows(state)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
