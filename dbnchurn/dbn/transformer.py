"""One restricted Boltzmann machine as a scikit-learn transformer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from dbnchurn.core.random_state import RandomStateLike
from dbnchurn.core.typing import Floats32
from dbnchurn.dbn.dbn import DBN, Device, Units
from dbnchurn.dbn.hidden_units import HiddenKind
from dbnchurn.dbn.likelihood import pseudo_likelihood
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.training import Callback
from dbnchurn.dbn.training_settings import Schedule
from dbnchurn.dbn.visible import Visible


class RBMTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A machine whose hidden means are features, with the parameter names of `BernoulliRBM`.

    Parameters
    ----------
    n_components : int, default 128
        Hidden units.
    learning_rate : float, default 0.05
    batch_size : int, default 128
    n_iter : int, default 10
        Epochs.
    cd_k, persistent, momentum, weight_decay, centering, schedule, hidden, units, device
        See :class:`~dbnchurn.dbn.DBN`.
    random_state : int, Generator, RandomState or None, default None

    Attributes
    ----------
    rbm_ : RBM
    curve_ : list of dict
    components_ : float32 array of shape (n_components, units)
        Weights of all visible units, a softmax group having one column per level.
    intercept_hidden_ : float32 array of shape (n_components,)
    intercept_visible_ : float32 array of shape (units,)

    Examples
    --------
    >>> X = np.random.default_rng(0).integers(0, 2, (100, 6))
    >>> RBMTransformer(4, n_iter=2, random_state=0).fit_transform(X).shape
    (100, 4)
    """

    def __init__(
        self,
        n_components: int = 128,
        *,
        learning_rate: float = 0.05,
        batch_size: int = 128,
        n_iter: int = 10,
        cd_k: int = 1,
        persistent: bool = False,
        momentum: float = 0.9,
        weight_decay: float = 1e-4,
        centering: bool = True,
        schedule: Schedule = "constant",
        hidden: HiddenKind = "bernoulli",
        units: Units = "auto",
        device: Device = "cpu",
        random_state: RandomStateLike = None,
    ) -> None:
        self.n_components = n_components
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.cd_k = cd_k
        self.persistent = persistent
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.centering = centering
        self.schedule = schedule
        self.hidden = hidden
        self.units = units
        self.device = device
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: object = None,
        *,
        sample_weight: npt.ArrayLike | None = None,
        X_val: Any = None,
        callbacks: Sequence[Callback] = (),
    ) -> Self:
        """Train the machine.

        Parameters
        ----------
        X, y, sample_weight, X_val, callbacks
            See :meth:`dbnchurn.dbn.DBN.fit`.

        Returns
        -------
        self
        """
        settings = self.get_params(deep=False)
        layers, epochs = (settings.pop("n_components"),), settings.pop("n_iter")
        self.dbn_ = DBN(layers, epochs=epochs, **settings)
        self.dbn_.fit(X, sample_weight=sample_weight, X_val=X_val, callbacks=callbacks)
        self.n_features_in_ = self.dbn_.n_features_in_
        if hasattr(self.dbn_, "feature_names_in_"):
            self.feature_names_in_ = self.dbn_.feature_names_in_
        return self

    @property
    def rbm_(self) -> RBM:
        """The machine."""
        return self.dbn_.rbms_[0]

    @property
    def curve_(self) -> list[dict[str, float]]:
        """One record per epoch; see ``curves_`` of :class:`~dbnchurn.dbn.DBN`."""
        return self.dbn_.curves_[0]

    @property
    def components_(self) -> Floats32:
        """Weights of all visible units, shape (n_components, units)."""
        return np.asarray(torch.cat(list(self.rbm_.weights.values())).T.cpu().numpy())

    @property
    def intercept_hidden_(self) -> Floats32:
        """Biases of the hidden units, shape (n_components,)."""
        return np.asarray(self.rbm_.hidden.bias.cpu().numpy())

    @property
    def intercept_visible_(self) -> Floats32:
        """Biases of the visible units, shape (units,)."""
        biases = [unit.bias for unit in self.rbm_.visible.values()]
        return np.asarray(torch.cat(biases).cpu().numpy())

    def transform(self, X: Any) -> Floats32:
        """Hidden activations, shape (n, n_components)."""
        check_is_fitted(self, "dbn_")
        return self.dbn_.transform(X)

    @torch.no_grad()
    def score_samples(self, X: Any) -> Floats32:
        """Log pseudo-likelihood of the discrete units of every row, shape (n,)."""
        check_is_fitted(self, "dbn_")
        chunks = self.dbn_.row_chunks(X, 2048)
        return np.concatenate([pseudo_likelihood(self.rbm_, v).cpu().numpy() for v in chunks])

    def sample(
        self, n: int, *, sweeps: int = 1000, random_state: RandomStateLike = None
    ) -> Visible:
        """`n` rows from the model by Gibbs sampling.

        Parameters
        ----------
        n : int
        sweeps : int, default 1000
        random_state : int, Generator, RandomState or None, default None

        Returns
        -------
        Visible
        """
        check_is_fitted(self, "dbn_")
        return self.dbn_.sample(n, sweeps=sweeps, random_state=random_state)

    @property
    def _n_features_out(self) -> int:
        return self.rbm_.n_hidden

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
