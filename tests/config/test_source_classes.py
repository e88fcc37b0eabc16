"""What a source declares is what the class takes, and nothing is imported to know it."""

import inspect
import json
import subprocess
import sys
from importlib import import_module

import pytest

from dbnchurn.config import build, section_of, source_class
from dbnchurn.config.source_classes import SourceClass, _names_of

STAGES = [
    ("dbnchurn.model.classifier", "ChurnClassifier"),
    ("dbnchurn.evaluate.profit", "Offer"),
    ("dbnchurn.personas.personas", "Personas"),
    ("dbnchurn.offers.next_offer", "NextOffer"),
    ("dbnchurn.segments.miner", "SegmentMiner"),
]
SHARED = ("random_state", "device", "n_threads")


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module ``tiny.NAME`` and gives its name."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (folder / f"{name}.py").write_text(f"from __future__ import annotations\n{text}")
        return f"tiny.{name}"

    _names_of.cache_clear()
    yield write
    _names_of.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] == "tiny"]:
        del sys.modules[name]


@pytest.mark.parametrize(("module_name", "name"), STAGES)
def test_a_section_of_the_source_is_that_of_the_signature(module_name, name):
    declared = source_class(module_name, name)
    real = getattr(import_module(module_name), name)
    assert issubclass(declared, SourceClass)
    assert not issubclass(real, SourceClass)
    ours, theirs = section_of(declared, omit=SHARED), section_of(real, omit=SHARED)
    assert ours.model_json_schema() == theirs.model_json_schema()
    assert ours().model_dump() == theirs().model_dump()
    assert ours.__doc__ == theirs.__doc__
    assert ours.renamed == theirs.renamed
    assert list(inspect.signature(declared).parameters) == list(inspect.signature(real).parameters)
    assert type(build(ours(), real)) is real


def test_names_are_found_from_module_to_module(module):
    module("kinds", "from typing import Literal\nKind = Literal['a', 'b']\nMOST = 2 * 3\n")
    name = module(
        "stage",
        "import torch.nowhere\nfrom tiny.kinds import MOST, Kind as K\n"
        "class Stage:\n    'Title.'\n"
        "    def __init__(self, first: int, second: float = 0.5, *, kind: K = 'a', most: int = MOST"
        ") -> None: ...\n",
    )
    declared = source_class(name, "Stage")
    assert str(inspect.signature(declared)) == (
        "(first: int, second: float = 0.5, *, kind: Literal['a', 'b'] = 'a', most: int = 6)"
    )
    assert declared.__doc__ == "Title."
    assert declared(1, kind="b").get_params() == {
        "first": 1, "second": 0.5, "kind": "b", "most": 6,
    }  # fmt: skip
    assert declared(1).set_params(most=2).get_params()["most"] == 2
    assert name not in sys.modules
    with pytest.raises(TypeError, match="missing a required argument: 'first'"):
        declared()


def test_a_stage_among_the_defaults_is_a_section_of_its_own(module):
    name = module(
        "nested",
        "class Inner(BaseEstimator):\n    def __init__(self, *, a: int = 1, b: int = 2): ...\n"
        "class Outer(BaseEstimator):\n"
        "    default_stages: ClassVar = {'inner': Inner(b=5)}\n"
        "    renamed_parameters = {'old': 'inner'}\n"
        "    def __init__(self, *, inner: Inner | None = None): ...\n",
    )
    section = section_of(source_class(name, "Outer"))
    assert section().model_dump() == {"inner": {"a": 1, "b": 5}}
    assert section.renamed == {"old": "inner"}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("Stage = 3", "tiny.wrong has no class Stage"),
        ("class Stage:\n    a = 1", "tiny.wrong.Stage has no __init__ of its own"),
    ],
)
def test_what_is_no_stage_is_refused(module, text, match):
    with pytest.raises(TypeError, match=match):
        source_class(module("wrong", text), "Stage")


def test_without_a_source_the_class_itself_is_taken(module, monkeypatch):
    name = module("compiled", "class Stage:\n    def __init__(self, *, a: int = 1): ...\n")
    monkeypatch.setattr("importlib.machinery.SourceFileLoader.get_source", lambda *_: None)
    declared = source_class(name, "Stage")
    assert declared is import_module(name).Stage


def test_a_fresh_process_knows_the_classifier_without_importing_it():
    code = (
        "import sys, json\nfrom dbnchurn.config import source_class\n"
        "source_class('dbnchurn.model.classifier', 'ChurnClassifier')\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & {"torch", "sklearn", "xgboost", "pandas", "dbnchurn.model.classifier"}
