"""Boltzmann machines: units, RBM, contrastive divergence, likelihood, DBN, network, fine-tuning.

The modules in the order in which they build on one another:

``rows``            where rows come from: memory, blocks, a stream; mini-batches by index
``random``          one source of random numbers for the CPU and the GPU
``codes``           softmax groups by index: sums of table rows, their gradient, sampling
``spans``           the groups that a mini-batch has
``units``           Bernoulli, Gaussian, softmax and rectified units, one contract
``likelihood``      log partition, annealed importance sampling, likelihoods
``rbm``             two layers and the weights between them; knows nothing of training
``contrastive``     the gradient of contrastive divergence and the step along it
``monitor``         what an epoch is judged by
``table``           mini-batches on the machine's device
``start``           biases and variances that fit the columns, small weights
``training``        the loop over epochs
``checkpoint``      saving a training and taking it up again
``lifted``          rows as a higher machine of a stack sees them
``stack``           DBN: machines trained one on top of another, a scikit-learn transformer
``transformer``     one machine as a scikit-learn transformer
``network``         the unrolled stack with one logit, a torch module
``adamw``           the optimiser: steps by rows of a table
``finetuning``      supervised training of the network
``fine_tune``       its settings as a stage
``branch``          one network from start to end: pretrained, unrolled, fine-tuned
``network_record``  the network as plain arrays; needs numpy and scipy only
"""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.dbn.branch import Branch as Branch
    from dbnchurn.dbn.checkpoint import Checkpoint as Checkpoint
    from dbnchurn.dbn.fine_tune import FineTune as FineTune
    from dbnchurn.dbn.finetuning import finetune as finetune
    from dbnchurn.dbn.network import Network as Network
    from dbnchurn.dbn.network_record import NetworkRecord as NetworkRecord
    from dbnchurn.dbn.network_record import logits as logits
    from dbnchurn.dbn.rbm import RBM as RBM
    from dbnchurn.dbn.rows import RowSource as RowSource
    from dbnchurn.dbn.stack import DBN as DBN
    from dbnchurn.dbn.transformer import RBMTransformer as RBMTransformer

__all__ = [
    "DBN",
    "RBM",
    "Branch",
    "Checkpoint",
    "FineTune",
    "Network",
    "NetworkRecord",
    "RBMTransformer",
    "RowSource",
    "finetune",
    "logits",
]

__getattr__ = attach(
    __name__,
    {
        "DBN": "stack",
        "RBM": "rbm",
        "Branch": "branch",
        "Checkpoint": "checkpoint",
        "FineTune": "fine_tune",
        "RBMTransformer": "transformer",
        "Network": "network",
        "NetworkRecord": "network_record",
        "RowSource": "rows",
        "finetune": "finetuning",
        "logits": "network_record",
    },
)
