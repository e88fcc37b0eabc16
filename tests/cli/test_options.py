"""``--output``: its kind stands in the help, and the other kind is refused before any work."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from dbnchurn.cli import scoring, tables
from dbnchurn.cli.options import FILE_ENDINGS, paths_by_table
from dbnchurn.core.errors import ConfigError
from dbnchurn.data.simulate.write import simulate
from dbnchurn.scoring.campaign import Campaign
from dbnchurn.scoring.job import score_file

FILES = {  # verb → what stands before --output, and an allowed ending
    "score": (["model", "t.csv"], ".parquet"),
    "evaluate": (["model", "t.csv"], ".json"),
    "export": (["model"], ".onnx"),
    "infer": (["t.csv"], ".yaml"),
}
FOLDERS = {"compare": ["runs/a"], "simulate": [], "prepare": ["c.yaml"]}


@pytest.mark.parametrize("verb", FILES)
def test_a_folder_is_refused_where_a_file_is_written(refused, call, tmp_path, verb):
    before, ending = FILES[verb]
    folder = tmp_path / f"folder{ending}"
    folder.mkdir()
    for output in (tmp_path / "results", tmp_path / "results.doc", folder):
        message = refused(verb, *before, "--output", output)
        assert f"--output {output}: a file is written here" in message
        assert ending in message
    assert "FILE" in call(verb, "--help")[1]
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


@pytest.mark.parametrize("verb", FOLDERS)
def test_a_file_is_refused_where_a_folder_is_written(refused, call, tmp_path, verb):
    there = tmp_path / "there"
    there.touch()
    for output in (there, *(tmp_path / f"results{ending}" for ending in FILE_ENDINGS)):
        message = refused(verb, *FOLDERS[verb], "--output", output)
        assert f"--output {output}: a folder is written here" in message
    assert "FOLDER" in call(verb, "--help")[1]
    assert list(tmp_path.iterdir()) == [there]


def test_a_folder_may_have_a_dot_in_its_name(call, tmp_path):
    folder = tmp_path / "crm-v1.2"
    code, out, _ = call("simulate", "--customers", 20, "--output", folder)
    assert (code, str(folder) in out) == (0, True)


def test_tables_are_given_by_name():
    assert paths_by_table(None) == {}
    assert paths_by_table(["a=b", "c=d=e"]) == {"a": "b", "c": "d=e"}
    with pytest.raises(ConfigError, match="write NAME=PATH"):
        paths_by_table(["a=b", "c"])


@pytest.mark.parametrize(
    ("verb", "function", "renamed"),
    [
        (scoring.score, score_file, {"n_threads": "threads"}),
        (scoring.score, Campaign, {"random_state": "seed"}),
        (tables.simulate, simulate, {"random_state": "seed"}),
    ],
)
def test_an_option_has_the_default_of_the_function_behind_it(
    verb: Callable[..., Any], function: Callable[..., Any], renamed: dict[str, str]
):
    # Options repeat the defaults, so that help starts without an import of the function.
    options = inspect.signature(verb).parameters
    compared = {
        name: (options[option].default, parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if (option := renamed.get(name, name)) in options
        and parameter.default not in (None, (), inspect.Parameter.empty)
    }
    assert compared
    assert {name: pair for name, pair in compared.items() if pair[0] != pair[1]} == {}
