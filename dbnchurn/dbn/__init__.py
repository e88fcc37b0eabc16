"""Boltzmann machines: units, RBM, contrastive divergence, likelihood, DBN, network, fine-tuning.

The modules in the order in which they build on one another:

``visible``                 rows of a visible layer: gaussian and binary units, codes of groups
``rows``                    sources of rows, checks of their values, row numbers of mini-batches
``random``                  random numbers on the CPU or a GPU, with a state that can be saved
``groups``                  softmax groups by index: sums, gradients, sampling, present groups
``visible_units``           Bernoulli, Gaussian and softmax units, one contract
``hidden_units``            Bernoulli and rectified units, one contract
``rbm``                     parameters, energy and conditional distributions of one machine
``likelihood``              log partition function, log-likelihood, pseudo-likelihood
``minibatches``             mini-batches on the device; rows passed up through a stack
``plain_steps``             contrastive divergence without momentum, decay and offsets
``contrastive_divergence``  the gradient of contrastive divergence, and gradient ascent
``initialization``          first parameters of a machine
``diagnostics``             reconstruction error, free-energy gap, dead units, update ratio
``epoch_count``             epochs of a training, counted from sizes
``training_settings``       rates, penalties, epochs and stopping of a training
``training``                the loop over epochs, early stopping
``checkpoint``              saving and continuing a training
``dbn``                     DBN: machines trained one on top of another, a transformer
``transformer``             one machine as a scikit-learn transformer
``network_record``          a network as frozen arrays; needs numpy and scipy only
``network_batch``           a mini-batch of a visible layer as a network takes it
``network``                 the unrolled stack with one logit, a torch module
``backpropagation``         the slopes of the cross-entropy by all weights of a network
``sparse_adamw``            AdamW with steps on some rows of a parameter
``finetuning_state``        all that changes while a network is fine-tuned, saved and restored
``finetune``                supervised training of a network, as a stage
``head``                    the first logit, fitted on codes as they are
``network_stage``           one network as a stage: pretrained, unrolled, fine-tuned
``linear``                  logistic regression on the visible layer, as a network record
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
