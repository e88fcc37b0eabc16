"""Imported by a process before it forks others: what a first training loads, they have.

Loading takes longer than a small run, and an experiment consists of small runs.
"""

import tempfile
from pathlib import Path

import torch

from dbnchurn.runs import read_config, train
from tests.conftest import SMALL_RUN, make_telco

torch.set_num_threads(1)
with tempfile.TemporaryDirectory() as folder:
    table, config = Path(folder) / "telco.csv", Path(folder) / "telco.yaml"
    make_telco(300).to_csv(table, index=False)
    config.write_text(
        f"source: {{path: {table}}}\noutput: {folder}/runs\n"
        "columns: {id: customerID, label: Churn}\n"
    )
    train(read_config(config, SMALL_RUN), "telco")
