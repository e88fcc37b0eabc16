"""Boltzmann machines: units, RBM, contrastive divergence, likelihood, DBN, network, fine-tuning.

The modules in the order in which they build on one another:

``rows``            where rows come from: memory, blocks, a stream; mini-batches by index
``generator``          one source of random numbers for the CPU and the GPU
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

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
