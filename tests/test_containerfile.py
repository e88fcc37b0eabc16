"""The container file of the scoring job: what it copies is there, and it holds the core alone."""

import re
import tomllib

import pytest

INSTRUCTIONS = {"FROM", "ENV", "COPY", "RUN", "USER", "WORKDIR", "ENTRYPOINT", "CMD"}


@pytest.fixture(scope="module")
def steps(root):
    """Instruction and arguments of every step."""
    text = (root / "Containerfile").read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]
    return [tuple(line.split(maxsplit=1)) for line in lines if not line.startswith("#")]


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_step_is_an_instruction_and_the_first_is_a_python_that_is_supported(steps, project):
    assert {name for name, _ in steps} <= INSTRUCTIONS
    name, image = steps[0]
    major, minor = re.fullmatch(r"docker\.io/library/python:(\d+)\.(\d+)-slim", image).groups()
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    assert (name, major) == ("FROM", "3")
    assert int(low) <= int(minor) < int(high)


def test_what_is_copied_is_there_or_is_what_the_build_leaves(steps, root):
    for source, _ in (arguments.split() for name, arguments in steps if name == "COPY"):
        assert source == "dist/dbnchurn-*.whl" or (root / source).is_file()


def test_packages_are_those_of_the_core_with_their_hashes(steps):
    installs = [arguments for name, arguments in steps if name == "RUN" and "pip" in arguments]
    locked, own = installs
    assert "--require-hashes -r /tmp/requirements-core.txt" in locked
    assert "--no-deps /tmp/dbnchurn-*.whl" in own


def test_it_runs_the_command_as_a_user_without_rights(steps, project):
    told = dict(steps)
    assert told["ENTRYPOINT"] == '["dbnchurn"]'
    assert "dbnchurn" in project["scripts"]
    assert told["USER"] not in ("root", "0")
    order = [name for name, _ in steps]
    assert order.index("USER") > max(place for place, name in enumerate(order) if name == "RUN")
