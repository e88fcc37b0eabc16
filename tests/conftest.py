"""Small customers of known make, and a classifier that trains on them in a tenth of a second."""

import gc
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from _pytest.doctest import DoctestModule

from tests.work_units import scheduler, sort_by_unit

ROOT = Path(__file__).parents[1]


def make_customers(n: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers, a flag, a category and a date, some of them missing; debt and plan drive churn."""
    generator = np.random.default_rng(seed)
    debt = generator.exponential(10, n)
    plan = generator.choice(["basic", "family", "sport"], n)
    logit = (debt - 10) / 6 + 1.5 * (plan == "family") - 2.2
    y = (generator.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    X = pd.DataFrame(
        {
            "debt": debt,
            "age": generator.integers(18, 80, n).astype(float),
            "plan": pd.Series(plan, dtype=object),
            "tv": generator.random(n) < 0.4,
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(generator.integers(0, 1500, n), "D"),
        }
    )
    X.loc[generator.random(n) < 0.1, "age"] = np.nan
    X.loc[generator.random(n) < 0.05, "plan"] = None
    return X, y


def make_telco(n: int = 600, seed: int = 0) -> pd.DataFrame:
    """A table as telecoms export it: an id, Yes/No words, a number that is blank for newcomers."""
    generator = np.random.default_rng(seed)
    tenure = generator.integers(0, 72, n)
    contract = generator.choice(["Month-to-month", "One year", "Two year"], n, p=[0.6, 0.2, 0.2])
    monthly = generator.uniform(20, 120, n).round(2)
    total = pd.Series((tenure * monthly).round(2)).astype(str).where(tenure > 0, " ")
    logit = 1.5 * (contract == "Month-to-month") + monthly / 60 - tenure / 20 - 2.0
    return pd.DataFrame(
        {
            "customerID": [f"{i:04d}-ABCD" for i in range(n)],
            "gender": generator.choice(["Female", "Male"], n),
            "SeniorCitizen": generator.integers(0, 2, n),
            "tenure": tenure,
            "Contract": contract,
            "MonthlyCharges": monthly,
            "TotalCharges": total.to_numpy(object),
            "Churn": np.where(generator.random(n) < 1 / (1 + np.exp(-logit)), "Yes", "No"),
        }
    )


def make_small(**changes: Any) -> Any:
    """A classifier that is small in every part; `changes` are parameters of it or its network.

    It is fitted once: tests of the second fit, on all rows, ask for it.
    """
    from dbnchurn import ChurnClassifier
    from dbnchurn.dbn import DBN, FineTune, Linear, NetworkStage
    from dbnchurn.features import ExtraTrees, Leaves

    few_steps = FineTune(epochs=2, batch_size=240, learning_rate=0.004)  # a step has its price
    network = {"dbn": DBN((8, 4), epochs=1), "finetune": few_steps}
    network |= {key: changes.pop(key) for key in ("pretrain", "dbn", "finetune") if key in changes}
    small = {
        "leaves": Leaves(folds=2, n_trees=5),
        "network": NetworkStage(**network),
        "companion": NetworkStage(pretrain=False, dbn=DBN((6,)), finetune=few_steps),
        "linear": Linear(C=(0.05,)),
        "extra_trees": ExtraTrees(n_trees=5),
        "refit": False,
        "device": "cpu",
        "n_threads": 1,
        "random_state": 0,
    }
    return ChurnClassifier(**{**small, **changes})


FEW_STEPS = "{epochs: 2, batch_size: 240, learning_rate: 0.004}"
SMALL_RUN = (
    "classifier.leaves={folds: 2, n_trees: 5}",
    "classifier.network.dbn={layers: [8, 4], epochs: 1}",
    f"classifier.network.finetune={FEW_STEPS}",
    f"classifier.companion={{pretrain: false, dbn: {{layers: [6]}}, finetune: {FEW_STEPS}}}",
    "classifier.linear.C=[0.05]",
    "classifier.extra_trees.n_trees=5",
    "baselines=[]",
    "classifier.refit=false",  # tests of the second fit ask for it
    "resamples=50",
    "report.page=false",  # pictures take longer than all the rest
    "device=cpu",
    "n_threads=1",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest units of work first."""
    sort_by_unit(items)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file() -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """Look for no examples in the docstrings of tests: there are none, and it takes seconds."""
    found = yield
    return [one for one in found if not isinstance(one, DoctestModule)]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: to look for garbage among it takes seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_unconfigure() -> None:
    """What is left at the end is freed, or DuckDB would say that it leaks."""
    gc.unfreeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """By units of work where ``--dist loadfile`` is asked for."""
    return scheduler(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture
def customers() -> tuple[pd.DataFrame, np.ndarray]:
    """600 customers and their labels, anew for every test."""
    return make_customers()


@pytest.fixture(scope="session")
def draw_customers() -> Callable[..., tuple[pd.DataFrame, np.ndarray]]:
    """``draw_customers(n, seed)``."""
    return make_customers


@pytest.fixture
def telco() -> pd.DataFrame:
    """600 rows of a telecom's export."""
    return make_telco()


@pytest.fixture(scope="session")
def draw_telco() -> Callable[..., pd.DataFrame]:
    """``draw_telco(n, seed)``."""
    return make_telco


@pytest.fixture(scope="session")
def small() -> Callable[..., Any]:
    """``small(**parameters)``: an unfitted classifier that is small in every part."""
    return make_small


@pytest.fixture(scope="session")
def fitted() -> Any:
    """A small classifier fitted on `customers`, and then on all of them; not to be changed."""
    return make_small(refit=True).fit(*make_customers())


@pytest.fixture
def model(fitted: Any, tmp_path: Path) -> Path:
    """A model folder of the test's own."""
    fitted.save(tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """``write_config(frame, ending)``: writes the table and a config of a small run on it."""

    def write(frame: pd.DataFrame, ending: str = "csv", more: str = "") -> Path:
        table = tmp_path / f"telco.{ending}"
        getattr(frame, f"to_{ending}")(table, index=False)
        config = tmp_path / "telco.yaml"
        config.write_text(
            f"source: {{path: {table}}}\noutput: {tmp_path / 'runs'}\n"
            f"columns: {{id: customerID, label: Churn}}\n{more}"
        )
        return config

    return write


@pytest.fixture(scope="session")
def small_run() -> tuple[str, ...]:
    """Overrides that make a run small in every part."""
    return SMALL_RUN


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished small run on the telecom's export; not to be changed."""
    from dbnchurn.runs import read_config, train

    folder = tmp_path_factory.mktemp("finished")
    make_telco().to_csv(folder / "telco.csv", index=False)
    config = folder / "telco.yaml"
    config.write_text(
        f"source: {{path: {folder / 'telco.csv'}}}\noutput: {folder / 'runs'}\n"
        "columns: {id: customerID, label: Churn}\n"
    )
    return train(read_config(config, SMALL_RUN), "telco")


@contextmanager
def pictures_left_empty() -> Iterator[None]:
    """Pages with titles, readings and words of their pictures; drawing takes longer than a run."""
    from tests.undrawn import leave_pictures_empty

    with pytest.MonkeyPatch.context() as patch:
        leave_pictures_empty(patch.setattr)
        yield


@pytest.fixture
def empty_pictures() -> Iterator[None]:
    """For a test that needs a report and none of its pictures."""
    with pictures_left_empty():
        yield


@pytest.fixture
def own_run(finished_run: Path, tmp_path: Path) -> Path:
    """A copy of the finished run for a test that changes it."""
    return Path(shutil.copytree(finished_run, tmp_path / "runs" / "telco"))


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the Spark session, which ends with all tests."""
    from tests.spark_session import stop_session

    yield tmp_path_factory.mktemp("warehouse")
    stop_session()


@pytest.fixture(scope="module")  # a module that needs another session stops this one
def spark(warehouse: Path) -> Any:
    """The Spark session of this process."""
    from tests.spark_session import local_session

    return local_session(warehouse)


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Small machines and tables: threads would wait for one another longer than they work."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk() -> Iterator[None]:
    """No test cuts the power: that files are synced is tried with faults that are injected."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # which takes what may be synced, and nothing else
        yield


@pytest.fixture(scope="session")
def shared_model(fitted: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stored model that several tests share and leave as it is."""
    folder = tmp_path_factory.mktemp("stored") / "model"
    fitted.save(folder)
    return folder


@pytest.fixture
def predictor(model: Path) -> Any:
    """The small model, loaded."""
    from dbnchurn import Predictor

    return Predictor.load(model)


@pytest.fixture
def named(draw_customers: Callable) -> pd.DataFrame:
    """950 customers that the model was not trained on, with a column that names them."""
    X, _ = draw_customers(950, seed=1)
    return X.assign(customer=[f"C{i:04d}" for i in range(len(X))])


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """``write(frame, name)``: a CSV or Parquet file."""

    def run(frame: pd.DataFrame, name: str, **how: object) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            frame.to_parquet(path, index=False, **how)
        else:
            frame.to_csv(path, index=False, **how)
        return path

    return run


@pytest.fixture
def spoiled(named: pd.DataFrame) -> pd.DataFrame:
    """The same customers as text; rows 3, 500 and 501 hold what cannot be read."""
    frame = named.astype({"debt": object, "since": str, "age": object})
    frame.loc[[3, 500], "debt"] = ["much", "inf"]
    frame.loc[[500, 501], "since"] = ["last May", "2024-13-01"]
    return frame
