"""One network as a stage: machines pretrained, unrolled and fine-tuned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator

from dbnchurn.core.parameters import DefaultStages, resolved
from dbnchurn.core.typing import Rows
from dbnchurn.dbn.checkpoint import Checkpoint
from dbnchurn.dbn.dbn import DBN, Device
from dbnchurn.dbn.finetune import FineTune, Validation
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.rows import RowSource, as_rows
from dbnchurn.dbn.training import Callback, Record


class NetworkStage(DefaultStages, BaseEstimator):  # type: ignore[misc]
    """A deep belief network with one logit on top.

    Parameters
    ----------
    pretrain : bool, default True
        Whether the network starts from pretrained machines, or else from random weights.
    dbn : DBN
        Layers and pretraining.
    finetune : FineTune
        Training with labels.
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
        scaled: bool = False,
    ) -> None:
        self.pretrain = pretrain
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
            Rows of pretraining; `rows` if not given.
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
        self.curves_: list[list[dict[str, float]]] = []
        stages = resolved(self)
        assert stages.dbn is not None
        assert stages.finetune is not None
        started = perf_counter()
        if self.pretrain:
            dbn: DBN = stages.dbn.set_params(device=device, random_state=seeds[0])
            pretraining_rows, pretraining_weight = pretrain_on or (rows, sample_weight)
            self.dbn_ = dbn.fit(
                pretraining_rows,
                sample_weight=pretraining_weight,
                X_val=None if validation is None else validation[0],
                callbacks=_epoch_callbacks(checkpoints, on_epoch),
                resume_from=checkpoints,
            )
            self.curves_ = self.dbn_.curves_
            self.network_ = Network.from_dbn(self.dbn_, **start)
        else:
            source = as_rows(rows)
            self.network_ = Network.from_random_weights(
                source.widths,
                source.sizes,
                stages.dbn.layers,
                activation=stages.dbn.functions(),
                scaled=self.scaled,
                **start,
            )
        pretrained = perf_counter()
        self.finetune_curve_: list[Record] = stages.finetune.fit(
            self.network_,
            rows,
            y,
            sample_weight=sample_weight,
            draw=draw,
            validation=validation,
            device=device,
            random_state=seeds[2],
            callbacks=[lambda _, record: on_epoch("finetune", record)] if on_epoch else [],
            checkpoint=None if checkpoints is None else checkpoints / "network.npz",
        )
        self.seconds_ = {"pretrain": pretrained - started, "fine-tune": perf_counter() - pretrained}
        return self


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
