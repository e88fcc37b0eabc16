"""A table in any locale and format trains the model of the clean table, and is scored alike."""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

from dbnchurn.core.errors import DataError
from dbnchurn.predictor.artifact import ARRAYS
from dbnchurn.runs import read_config, train
from dbnchurn.runs.source import SourceSection
from dbnchurn.scoring import score_file
from dbnchurn.tables.contract import Contract, apply_contract
from tests.conftest import SMALL_RUN, make_small
from tests.tables.locales import LOCALES, customers, write, written

FEW = [("germany", ".csv"), ("india", ".xlsx"), ("france", ".csv.zip")]
ENDINGS = (".csv", ".csv.zip", ".csv.gz", ".xlsx", ".parquet")
ALL = [(locale.name, ending) for locale in LOCALES for ending in ENDINGS]
BY_NAME = {locale.name: locale for locale in LOCALES}


def labelled(n, seed):
    frame = customers(n, seed)
    risk = np.random.default_rng(seed).random(n) + (frame["tenure"] < 30)
    return frame.assign(churned=np.where(risk > 1.1, "yes", "no"))


def of_locale(frame, name, path):
    """The table as the locale writes it; Parquet holds the texts."""
    texts = written(frame, BY_NAME[name])
    if "churned" in frame:
        texts = texts.assign(churned=frame["churned"])
    if path.suffix == ".parquet":
        texts.replace("", None).to_parquet(path)
        return path
    return write(texts, BY_NAME[name], path)


def fitted(table, folder):
    """A classifier fitted on the table as a run reads it, stored."""
    loaded = SourceSection(path=str(table)).load(id="customer", label="churned")
    read = apply_contract(loaded.frame, Contract(label="churned", id="customer"))
    formats = {name: form for name, form in loaded.formats.items() if name in read.X}
    model = make_small(formats=formats, use_companion=False).fit(read.X, read.y)
    model.save(folder / "model", about={"id": "customer"})
    return folder


def trained(table, folder):
    """A run of the command line on the table."""
    config = folder / "c.yaml"
    config.write_text(
        f"source: {{path: {table}}}\noutput: {folder / 'runs'}\n"
        "columns: {id: customer, label: churned}\nleakage: {auc: 1.0}\n"
    )
    return train(read_config(config, SMALL_RUN), "one")


def scores_of(run, table, folder):
    return score_file(run / "model", table, folder / "scores.parquet").read()


def clean(learn, folder):
    labelled(240, 0).to_parquet(folder / "t.parquet")
    labelled(60, 1).drop(columns="churned").to_parquet(folder / "month.parquet")
    run = learn(folder / "t.parquet", folder)
    return run, scores_of(run, folder / "month.parquet", folder)


@pytest.fixture(scope="module")
def clean_fit(tmp_path_factory):
    return clean(fitted, tmp_path_factory.mktemp("clean"))


@pytest.fixture(scope="module")
def clean_run(tmp_path_factory):
    return clean(trained, tmp_path_factory.mktemp("clean"))


def assert_alike(learn, expected, tmp_path, name, ending):
    """The arrays of the model, and the scores of a month in the same locale, are those expected."""
    run, scores = expected
    table = of_locale(labelled(240, 0), name, tmp_path / f"t{ending}")
    month = of_locale(labelled(60, 1).drop(columns="churned"), name, tmp_path / f"month{ending}")
    own = learn(table, tmp_path)
    found = scores_of(own, month, tmp_path)
    arrays, clean_arrays = (load_file(f / "model" / ARRAYS) for f in (own, run))
    assert arrays.keys() == clean_arrays.keys()
    for key, values in clean_arrays.items():
        np.testing.assert_array_equal(arrays[key], values, err_msg=key)
    pd.testing.assert_frame_equal(
        found.drop(columns="model"), scores.drop(columns="model"), check_dtype=False
    )
    return own, run


@pytest.mark.parametrize(("name", "ending"), FEW)
def test_a_classifier_and_its_scores_are_those_of_the_clean_table(
    clean_fit, tmp_path, name, ending
):
    assert_alike(fitted, clean_fit, tmp_path, name, ending)


@pytest.mark.long
@pytest.mark.parametrize(("name", "ending"), ALL)
def test_a_run_and_its_scores_are_those_of_the_clean_table(clean_run, tmp_path, name, ending):
    try:
        own, run = assert_alike(trained, clean_run, tmp_path, name, ending)
    except DataError as error:
        if " say " not in str(error):
            raise
        return  # asked about
    parts = [pd.read_parquet(f / "predictions.parquet") for f in (own, run)]
    pd.testing.assert_frame_equal(*parts)
