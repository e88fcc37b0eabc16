"""What is installed is complete: files beside the modules, and what the metadata says of it."""

import tomllib
from importlib.metadata import metadata, requires
from importlib.resources import files

import pytest

import dbnchurn


@pytest.mark.parametrize(
    "name",
    ["py.typed", "core/html/layout.html", "core/html/parts.html", "core/html/page.css",
     "report/page.html", "report/comparison.html", "segments/page.html", "data/quality.html"],
)  # fmt: skip
def test_files_that_are_no_modules_are_installed(name):
    assert files("dbnchurn").joinpath(name).is_file()


def test_the_metadata_are_those_of_the_project(root):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = metadata("dbnchurn")
    assert found["Version"] == project["version"] == dbnchurn.__version__
    assert found["License-Expression"] == "MIT"
    assert found["Description-Content-Type"] == "text/markdown"
    assert "Typing :: Typed" in found.get_all("Classifier")
    core = [line for line in requires("dbnchurn") if "extra ==" not in line]
    assert core == project["dependencies"]
