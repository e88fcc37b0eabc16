"""Boltzmann machines: units, RBM, contrastive divergence, likelihood, DBN, network, fine-tuning.

The modules in the order in which they build on one another:

``rows``            where rows come from: memory, blocks, a stream; mini-batches by index
``random``          one source of random numbers for the CPU and the GPU
``codes``           softmax groups by index: sums of table rows, their gradient, sampling
``units``           Bernoulli, Gaussian, softmax and rectified units, one contract
``rbm``             two layers and the weights between them; knows nothing of training
``contrastive``     the gradient of contrastive divergence and the step along it
``monitor``         what an epoch is judged by
``training``        the loop over epochs
``likelihood``      log partition, annealed importance sampling, likelihoods
``stack``           DBN: machines trained one on top of another, a scikit-learn transformer
``network``         the unrolled stack with one logit, a torch module
``finetuning``      supervised training of the network
``fine_tune``       its settings as a stage
``network_record``  the network as plain arrays; needs numpy and scipy only
"""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.dbn.fine_tune import FineTune as FineTune
    from dbnchurn.dbn.finetuning import finetune as finetune
    from dbnchurn.dbn.network import Network as Network
    from dbnchurn.dbn.network_record import NetworkRecord as NetworkRecord
    from dbnchurn.dbn.network_record import logits as logits
    from dbnchurn.dbn.rbm import RBM as RBM
    from dbnchurn.dbn.rows import RowSource as RowSource
    from dbnchurn.dbn.stack import DBN as DBN

__all__ = [
    "DBN",
    "RBM",
    "FineTune",
    "Network",
    "NetworkRecord",
    "RowSource",
    "finetune",
    "logits",
]

__getattr__ = attach(
    __name__,
    {
        "DBN": "stack",
        "RBM": "rbm",
        "FineTune": "fine_tune",
        "Network": "network",
        "NetworkRecord": "network_record",
        "RowSource": "rows",
        "finetune": "finetuning",
        "logits": "network_record",
    },
)
