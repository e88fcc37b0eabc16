"""The networks of a classifier that was given none."""

from __future__ import annotations

from dbnchurn.dbn import DBN, FineTune, NetworkStage

# At this rate few mini-batches teach the machines most of what a long training would.
DEFAULT_NETWORK = NetworkStage(dbn=DBN((128, 64), epochs="auto", learning_rate=0.1))
# Fitted on the columns alone. Trained factors of the inputs can shrink useless columns, strong
# dropout prevents memorising a small table, and with the cosine schedule the last epochs are best.
DEFAULT_COMPANION = NetworkStage(
    pretrain=False,
    scaled=True,
    dbn=DBN((256, 256), hidden="relu"),
    finetune=FineTune(
        epochs=20,
        learning_rate=2e-3,
        schedule="cosine",
        weight_decay=1e-2,
        dropout=0.4,
        patience=8,
    ),
)
