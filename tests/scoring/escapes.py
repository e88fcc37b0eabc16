"""Plans of a model from elsewhere that try to read, write or run what the caller did not name."""

from __future__ import annotations

import copy
import datetime
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dbnchurn.core.errors import DbnchurnError
from dbnchurn.data.build import build, load
from dbnchurn.data.plan import DataPlan
from dbnchurn.data.stored_plan import storable_plan
from dbnchurn.scoring.month import build_month
from tests.conftest import make_small
from tests.data.small_crm import PLAN, crm

SEPTEMBER = datetime.date(2024, 9, 1)
SECRET = "PLANTED_DATABASE"
Plan = dict[str, Any]
_opened: list[str] = []
_watching: list[bool] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        _opened.append(os.path.realpath(os.fsdecode(arguments[0])))
    elif _watching and event in ("os.system", "subprocess.Popen", "socket.connect"):
        _opened.append(event)


class Environment(dict[str, str]):
    """The variables of the process; it notes which are asked for."""

    def __init__(self) -> None:
        super().__init__(os.environ)
        self.asked: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)


@contextmanager
def watched() -> Iterator[tuple[list[str], Environment]]:
    """What is opened by Python, and which variables are read, within."""
    if not hasattr(sys, "dbnchurn_watched"):
        sys.addaudithook(_hook)  # stays for good, and only adds to a list
        sys.dbnchurn_watched = True  # type: ignore[attr-defined]
    environment = Environment()
    patch = pytest.MonkeyPatch()
    _opened.clear()
    _watching.append(True)
    patch.setattr(os, "environ", environment)
    try:
        yield _opened, environment
    finally:
        patch.undo()
        _watching.clear()


def table(name: str, **changes: Any) -> Callable[[Plan], None]:
    """A change of one table of a plan."""

    def change(plan: Plan) -> None:
        plan["tables"][name] |= changes

    return change


def attacks(outside: Path) -> dict[str, Callable[[Plan], None]]:
    """Name → change of a plan; `outside` is a folder with ``secret.parquet`` and nothing else."""
    secret, made = outside / "secret.parquet", outside / "made"
    copied = f"COPY (SELECT 1 AS a) TO '{made}'"
    quoted = f'x"; {copied}; --'

    def renamed(old: str, new: str) -> Callable[[Plan], None]:
        def change(plan: Plan) -> None:
            text = json.dumps(plan).replace(json.dumps(old), json.dumps(new))
            plan.clear()
            plan.update(json.loads(text))

        return change

    def feature(kind: str, column: str) -> Callable[[Plan], None]:
        return lambda plan: plan["features"]["basic"]["window"].update({kind: [column]})

    gone = {"path": None}
    return {
        "statements after a query": table("basic", **gone, query=f"SELECT 1); {copied}; SELECT (1"),
        "a query that reads": table("basic", **gone, query=f"SELECT * FROM '{secret}'"),
        "a query beside a path": table("basic", query=f"SELECT * FROM '{secret}'"),
        "a database": table("basic", **gone, postgres={"url": SECRET, "table": "t"}),
        "a database's query": table("basic", **gone, postgres={"url": SECRET, "query": "SELECT 1"}),
        "another path": table("basic", path=str(secret)),
        "a pattern": table("basic", path=f"{outside}/*"),
        "a folder": table("basic", path=str(outside)),
        "a path of DuckDB": table("basic", path=f"read_parquet('{secret}')"),
        "a URL": table("basic", path="https://127.0.0.1:9/x.parquet"),
        "a table that is a file": renamed("basic", str(secret)),
        "a key with a quote": table("basic", key=quoted),
        "a date with a quote": table("basic", date=quoted),
        "a time zone": table("basic", timezone=f"UTC'); {copied}; --"),
        "a missing word": table("basic", missing=[f"x') THEN 1 END; {copied}; --"]),
        "a feature's column": feature("sum", quoted),
        "a feature of a file": feature("sum", f"(SELECT a FROM '{secret}')"),
        "a ratio": lambda plan: plan.update(ratios={quoted: ["basic_gb_last", "basic_gb_mean"]}),
        "a column of the contract": table("calls", columns={quoted: {"kind": "number"}}),
        "a level": table(
            "calls",
            columns={
                "minutes": {"kind": "number"},
                "kind": {"kind": "category", "levels": [f"in' THEN 1 END; {copied}; --", "in"]},
            },
        ),
        "a number's format": table(
            "calls",
            columns={
                "minutes": {"kind": "number", "format": f"1'); {copied}; --"},
                "kind": {"kind": "category", "levels": ["in", "out"]},
            },
        ),
        "a date's format": table(
            "leavers", columns={"on": {"kind": "date", "format": f"%d'); {copied}; --"}}
        ),
        "the label's values": lambda plan: plan["label"].update(left=[f"x'); {copied}; --"]),
        "the label's column": lambda plan: plan["label"].update(column=quoted),
        "the memory": lambda plan: plan.update(memory=f"1GB'; {copied}; --"),
        "a wrong window": lambda plan: plan["windows"].update(observation="999999999 months"),
        "features without end": lambda plan: plan["features"]["basic"]["month"].update(
            {"sum": [f"c{i}" for i in range(60_000)]}
        ),
        "an encoding": table("basic", csv={"encoding": "../../x"}),
        "a further key": table("basic", script="rm -rf"),
    }


def trained_crm(folder: Path) -> Path:
    """Raw tables and a model that was trained on them in August, in a new folder."""
    folder.mkdir(exist_ok=True)
    tables = {}
    for name, frame in crm(120).items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
        tables[name] = {**PLAN["tables"][name], "path": str(folder / f"{name}.parquet")}
    built = build(
        DataPlan.model_validate({**PLAN, "tables": tables}), folder / "built", n_threads=1
    )
    customers = load(built)
    about = {"id": customers.id, "data": storable_plan(built.plan)}
    make_small(use_leaves=False).fit(customers.X, customers.y).save(folder / "model", about=about)
    return folder


def escape(
    folder: Path, outside: Path, change: Callable[[Plan], None], scratch: Path, **how: Any
) -> tuple[str, list[str]]:
    """Replay a changed plan; what happened, and what was touched that the caller did not name.

    `folder` holds the model and the raw tables that the caller names.
    """
    model = folder / "model"
    stored = json.loads((model / "manifest.json").read_text())
    plan = copy.deepcopy(stored)
    change(plan["about"]["data"])
    (scratch / "model").mkdir(parents=True)
    for name in ("model.safetensors", "card.md"):
        (scratch / "model" / name).write_bytes((model / name).read_bytes())
    (scratch / "model" / "manifest.json").write_text(json.dumps(plan))
    logging.disable(logging.WARNING)
    with watched() as (opened, environment):
        try:
            build_month(scratch / "model", SEPTEMBER, scratch / "out", **how)
            outcome = "built"
        except DbnchurnError as error:
            outcome = f"refused: {' '.join(str(error).split())}"
            if "\n" in str(error) or len(str(error)) > 3_000:
                outcome = f"no sentence: {error}"
        finally:
            logging.disable(logging.NOTSET)
    inside = os.path.realpath(outside)
    touched = [path for path in opened if path.startswith(inside) or os.sep not in path]
    touched += sorted(environment.asked & {SECRET})
    touched += [f"made {entry.name}" for entry in outside.iterdir() if entry.name == "made"]
    return outcome, touched


def escapes(folder: Path, outside: Path, scratch: Path) -> dict[str, tuple[str, list[str]]]:
    """Every attack, with the sources named by the caller, and with none named.

    Returns name → outcome and what was touched.
    """
    named = {"paths": {n: str(folder / f"{n}.parquet") for n in ("basic", "calls", "leavers")}}
    found = {}
    for i, (name, change) in enumerate(attacks(outside).items()):
        for how, given in {"named": named, "not named": {}}.items():
            place = scratch / f"{i} {how}"
            found[f"{name}, sources {how}"] = escape(folder, outside, change, place, **given)
    return found
