"""One network from start to end: machines pretrained, unrolled and fine-tuned."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, clone

from dbnchurn.dbn.fine_tune import FineTune
from dbnchurn.dbn.finetuning import Record
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.rows import Indices, RowSource
from dbnchurn.dbn.stack import DBN


class Branch(BaseEstimator):  # type: ignore[misc]
    """A deep belief network with one logit on top.

    Parameters
    ----------
    pretrain : bool, default True
        Whether the network starts from pretrained machines or from random weights.
    dbn : DBN
        Layers and pretraining.
    finetune : FineTune
        Training with labels.

    Attributes
    ----------
    network_ : Network
    curves_ : list of lists of dict
        Per-epoch records of every machine; empty without pretraining.
    finetune_curve_ : list of dict
        Per-epoch records of fine-tuning.

    Examples
    --------
    >>> X = np.random.default_rng(0).integers(0, 2, (400, 3)).astype(np.float32)
    >>> branch = Branch(dbn=DBN((8,), epochs=2), finetune=FineTune(epochs=2))
    >>> branch.fit(X, X[:, 0], seed=0).network_.logits(X).shape
    (400,)
    """

    def __init__(
        self, *, pretrain: bool = True, dbn: DBN = DBN(), finetune: FineTune = FineTune()
    ) -> None:
        self.pretrain = pretrain
        self.dbn = dbn
        self.finetune = finetune
