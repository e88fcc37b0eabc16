"""One network as a stage: machines pretrained, unrolled and fine-tuned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.core.parameters import DefaultStages, resolved
from dbnchurn.core.random_state import stratified_subsample
from dbnchurn.core.typing import Floats32, Rows
from dbnchurn.dbn.checkpoint import Checkpoint
from dbnchurn.dbn.dbn import DBN, Device
from dbnchurn.dbn.diagnostics import learned_nothing
from dbnchurn.dbn.finetune import FineTune, Validation
from dbnchurn.dbn.head import CodedRows, fit_head
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.rows import CHUNK, RowSource, as_rows
from dbnchurn.dbn.training import Callback, Record

HEAD_ROWS = 50_000
"""Rows on which the logit's weights are fitted first, at most."""

INERT = 0.01
"""A path is inert if its part of the logit varies less than this share of the other's."""

SMALLEST_SPREAD = 1e-6
"""Standard deviation of a constant, but for rounding."""


class NetworkStage(DefaultStages, BaseEstimator):  # type: ignore[misc]
    """A deep belief network with one logit on top.

    Machines are pretrained without labels; the logit's weights are fitted on the codes as they are;
    then all weights are trained, those below the logit with smaller steps, and the start is kept if
    no epoch is better on validation rows.

    Parameters
    ----------
    pretrain : bool, default True
        Whether the network starts from pretrained machines, or else from random weights.
    dbn : DBN
        Layers and pretraining.
    finetune : FineTune
        Training with labels.
    lower_rate : float, default 0.1
        Factor on the learning rate of fine-tuning for all weights below the logit of a pretrained
        network.
    penalties : tuple of float, default (100, 1000, 10000, 1000000)
        Of the logit's weights on standardised codes, before fine-tuning; validation rows choose,
        and without them it is the third. The largest leaves them next to 0.
    all_units : bool, default False
        Whether machines and hidden layers are given further code groups, such as leaves, beside
        those of the columns; otherwise these go to the logit alone.
    scaled : bool, default False
        Whether a network that starts from random weights learns a factor for every gaussian and
        binary unit; see :class:`~dbnchurn.dbn.network.Network`.

    Attributes
    ----------
    network_ : Network
    curves_ : list of lists of dict
        Per-epoch records of every machine; empty without pretraining.
    finetune_curve_ : list of dict
        Per-epoch records of fine-tuning.
    penalty_ : float or None
        The penalty that was chosen; None without pretraining.
    paths_ : dict
        Standard deviation over validation rows (or training rows, where there are none) of what
        each path adds to the logit: ``direct`` (the skip) and ``hidden`` (the layers).
    seconds_ : dict
        Wall seconds of ``pretrain`` and ``fine-tune``.

    Examples
    --------
    >>> X = np.random.default_rng(0).integers(0, 2, (400, 3)).astype(np.float32)
    >>> stage = NetworkStage(dbn=DBN((8,), epochs=2), finetune=FineTune(epochs=2))
    >>> stage.fit(X, X[:, 0], random_state=0).network_.logits(X).shape
    (400,)
    """

    default_stages: ClassVar[Mapping[str, Any]] = {"dbn": DBN(), "finetune": FineTune()}

    def __init__(
        self,
        *,
        pretrain: bool = True,
        dbn: DBN | None = None,
        finetune: FineTune | None = None,
        lower_rate: Annotated[float, Field(gt=0)] = 0.1,
        penalties: tuple[Annotated[float, Field(gt=0)], ...] = (100.0, 1e3, 1e4, 1e6),
        all_units: bool = False,
        scaled: bool = False,
    ) -> None:
        self.pretrain = pretrain
        self.lower_rate = lower_rate
        self.penalties = penalties
        self.all_units = all_units
        self.scaled = scaled
        self.dbn = dbn
        self.finetune = finetune

    def fit(
        self,
        rows: RowSource | npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        draw: Rows | None = None,
        validation: Validation | None = None,
        pretrain_on: tuple[Any, npt.ArrayLike] | None = None,
        pretrain_validation: Any = None,
        hidden_groups: int | None = None,
        bias: float = 0.0,
        skip: npt.ArrayLike | None = None,
        device: Device = "cpu",
        random_state: int | np.random.Generator | None = None,
        on_epoch: Callable[[str, Mapping[str, float]], object] | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Pretrain without labels, then fine-tune with them.

        Parameters
        ----------
        rows : RowSource or 2-D array of n rows
        y : array of shape (n,)
            0 or 1.
        sample_weight : array of shape (n,), optional
        draw : intp array, optional
            Row numbers of an epoch of fine-tuning, with repeats; all rows once if not given.
        validation : (rows, y, sample_weight), optional
            Held-out rows: for the free-energy gap, and to stop fine-tuning.
        pretrain_on : (rows, sample_weight), optional
            Rows of pretraining; `rows` if not given. They have the units that lead to the hidden
            layers.
        pretrain_validation : rows, optional
            Held-out rows of pretraining; those of `validation` if not given.
        hidden_groups : int, optional
            Number of the first code groups that lead to the hidden layers; all if not given.
        bias, skip
            First values of the logit; see :class:`~dbnchurn.dbn.network.Network`.
        device : {"cpu", "cuda", "auto"}, default "cpu"
        random_state : int, Generator or None, default None
        on_epoch : callable, optional
            Called after every epoch with ``rbm 1``, ``rbm 2``, … or ``finetune`` and the record; an
            exception that it raises ends the training.
        checkpoints : Path, optional
            Folder that gets the state of training after every epoch. A training whose state is
            there is continued, bit for bit as if it had not been interrupted.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If rows, labels and settings do not fit together.
        """
        seeds = [int(s) for s in np.random.default_rng(random_state).integers(2**31, size=3)]
        start: dict[str, Any] = {"bias": bias, "skip": skip, "random_state": seeds[1]}
        self.curves_: list[list[Record]] = []
        self.penalty_: float | None = None
        stages, source = resolved(self), as_rows(rows)
        assert stages.dbn is not None
        assert stages.finetune is not None
        started = perf_counter()
        if self.pretrain:
            dbn: DBN = stages.dbn.set_params(device=device, random_state=seeds[0])
            pretraining_rows, pretraining_weight = pretrain_on or (rows, sample_weight)
            held_out = None if validation is None else validation[0]
            self.dbn_ = dbn.fit(
                pretraining_rows,
                sample_weight=pretraining_weight,
                X_val=held_out if pretrain_validation is None else pretrain_validation,
                callbacks=_epoch_callbacks(checkpoints, on_epoch),
                resume_from=checkpoints,
            )
            self.curves_ = self.dbn_.curves_
            self.network_ = Network.from_dbn(self.dbn_, sizes=tuple(source.sizes), **start)
            self._fit_head(source, y, sample_weight, draw, validation, seeds[1])
        else:
            shape: dict[str, Any] = {"scaled": self.scaled, "hidden_groups": hidden_groups}
            shape["activation"] = stages.dbn.functions()
            self.network_ = Network.from_random_weights(
                source.widths, source.sizes, stages.dbn.layers, **shape, **start
            )
        pretrained = perf_counter()
        self.finetune_curve_: list[Record] = stages.finetune.fit(
            self.network_,
            rows,
            y,
            sample_weight=sample_weight,
            draw=draw,
            validation=validation,
            lower_rate=self.lower_rate if self.pretrain else 1.0,
            start_competes=self.pretrain,
            device=device,
            random_state=seeds[2],
            callbacks=[lambda _, record: on_epoch("finetune", record)] if on_epoch else [],
            checkpoint=None if checkpoints is None else checkpoints / "network.npz",
        )
        self.seconds_ = {"pretrain": pretrained - started, "fine-tune": perf_counter() - pretrained}
        self._measure_paths(source if validation is None else as_rows(validation[0]))
        return self

    def _fit_head(
        self,
        rows: RowSource,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None,
        draw: Rows | None,
        validation: Validation | None,
        seed: int,
    ) -> None:
        """Fit the logit's weights on the codes of the network as it is."""
        if not self.penalties:
            raise ValueError("penalties needs at least one number above 0")
        chosen: Rows = np.arange(len(rows)) if draw is None else np.asarray(draw, np.intp)
        if len(chosen) > HEAD_ROWS:
            labels = np.asarray(y)[chosen].astype(np.int64)
            draw_of = np.random.default_rng(seed)
            chosen = chosen[stratified_subsample(labels, HEAD_ROWS, draw_of)]
        held_out = None
        if validation is not None:
            source = as_rows(validation[0])
            every: Rows = np.arange(len(source))
            held_out = self._coded(source, every, validation[1], validation[2])
        training = self._coded(rows, chosen, y, sample_weight)
        head = fit_head(training, held_out, self.penalties)
        self.penalty_ = head.penalty
        self.network_.head.copy_(torch.as_tensor(head.weights))
        self.network_.bias.add_(head.bias)

    def _coded(
        self,
        rows: RowSource,
        chosen: Rows,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None,
    ) -> CodedRows:
        direct, codes = _parts(self.network_, rows, chosen)
        weight = None if sample_weight is None else np.asarray(sample_weight, np.float32)[chosen]
        return CodedRows(direct, codes, np.asarray(y, np.float32)[chosen], weight)

    def _measure_paths(self, rows: RowSource) -> None:
        """Set `paths_`."""
        spread: Rows = np.linspace(0, len(rows) - 1, min(len(rows), HEAD_ROWS)).astype(np.intp)
        direct, codes = _parts(self.network_, rows, np.unique(spread))
        hidden = codes @ self.network_.head.cpu().numpy()
        self.paths_ = {"direct": float(direct.std()), "hidden": float(hidden.std())}

    def learned(self) -> dict[str, Any]:
        """What the machines have learned and what the paths add, as plain data.

        Returns
        -------
        dict
            ``paths`` (as `paths_`), ``machines`` (of each: hidden units, epochs, code_spread, and
            where it was measured the pseudo_likelihood before and after) and ``remarks``
            (sentences: what did not learn, and what adds nothing).
        """
        machines = machine_facts(self.dbn_) if self.curves_ else []
        remarks = [*self.unlearned(), *_inert(**self.paths_)]
        return {"paths": dict(self.paths_), "machines": machines, "remarks": remarks}

    def unlearned(self) -> list[str]:
        """The machines that have learned nothing, in sentences."""
        return unlearned_machines(self.dbn_) if self.curves_ else []


def machine_facts(dbn: DBN) -> list[dict[str, Any]]:
    """What the machines of a fitted stack have learned, as plain data.

    Parameters
    ----------
    dbn : DBN

    Returns
    -------
    list of dict
        Of every machine ``hidden_units``, ``epochs``, ``code_spread`` and ``pseudo_likelihood``,
        which is before and after the training, or None where it was not measured.
    """
    facts = []
    for rbm, curve in zip(dbn.rbms_, dbn.curves_, strict=True):
        likelihood = [
            curve[0].get("pseudo_likelihood_before"),
            curve[-1].get("pseudo_likelihood"),
        ]
        facts.append(
            {
                "hidden_units": rbm.n_hidden,
                "epochs": len(curve),
                "code_spread": curve[-1]["code_spread"],
                "pseudo_likelihood": None if None in likelihood else likelihood,
            }
        )
    return facts


def unlearned_machines(dbn: DBN) -> list[str]:
    """The machines of a fitted stack that have learned nothing, in sentences.

    Parameters
    ----------
    dbn : DBN

    Returns
    -------
    list of str
    """
    return [
        f"machine {number} ({rbm.n_hidden} hidden units) {why}"
        for number, (rbm, curve) in enumerate(zip(dbn.rbms_, dbn.curves_, strict=True), start=1)
        if (why := learned_nothing(curve)) is not None
    ]


def _inert(direct: float, hidden: float) -> list[str]:
    """Paths that add next to nothing to the logit, in a sentence."""
    if hidden <= max(INERT * direct, SMALLEST_SPREAD):
        return [
            "the hidden layers are inert: their part of the logit varies by a standard deviation "
            f"of {hidden:.2g}, that of the skip by {direct:.2g}"
        ]
    if SMALLEST_SPREAD < direct <= INERT * hidden:
        return [
            "the skip is inert: its part of the logit varies by a standard deviation of "
            f"{direct:.2g}, that of the hidden layers by {hidden:.2g}"
        ]
    return []


def _parts(network: Network, rows: RowSource, chosen: Rows) -> tuple[Floats32, Floats32]:
    """`Network.parts` of some rows, a chunk at a time."""
    pieces = [
        network.parts(rows.take(chosen[first : first + CHUNK]))
        for first in range(0, len(chosen), CHUNK)
    ]
    direct, codes = zip(*pieces, strict=True)
    return np.concatenate(direct), np.concatenate(codes)


def _epoch_callbacks(
    checkpoints: Path | None, on_epoch: Callable[[str, Mapping[str, float]], object] | None
) -> list[Callback]:
    """Callbacks of pretraining: checkpoints, and `on_epoch`."""
    callbacks: list[Callback] = []
    if checkpoints is not None:
        callbacks.append(Checkpoint(checkpoints))
    if on_epoch is not None:
        callbacks.append(lambda state: on_epoch(f"rbm {state.layer + 1}", state.curve[-1]))
    return callbacks
