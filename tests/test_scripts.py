"""Scripts that measure, draw and check the project itself."""

import importlib.util
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def load_script(root: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, root / "scripts" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


# What is run by itself; the others are imported by these.
SCRIPTS = [
    path
    for path in sorted((Path(__file__).parents[1] / "scripts").glob("*.py"))
    if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_help_says_how_a_script_is_called_and_does_nothing(path, tmp_path, monkeypatch, capsys):
    """Some import what others have imported already, so all run in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(path.parent))
    monkeypatch.setattr(sys, "argv", [str(path), "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(path), run_name="__main__")
    assert not ended.value.code
    assert "usage" in capsys.readouterr().out.lower()
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def measure(root):
    return load_script(root, "measure_structure")


PACKAGE = {
    "__init__.py": '__all__ = ["f", "VERSION"]\nfrom dbnchurn.one import f\nVERSION = 1\n',
    "one.py": (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n"
        "    from dbnchurn.three import h\n"
        "def f():\n"
        '    """Say f.\n\n    >>> 1\n    1\n    """\n'
        "    from dbnchurn.two import g\n"
        "    return g\n"
    ),
    "two.py": (
        "from dbnchurn.one import f\n"
        "def g(\n    a,\n    b,\n): return f\n"
        "class C:\n"
        "    def m(self):\n"
        "        def inner():\n"
        "            return 1\n"
        "        return inner\n"
    ),
    "three.py": 'import dbnchurn.one\ndef h(): "Only words."\ndef _hidden():\n    pass\n',
}


@pytest.fixture
def found(measure, tmp_path):
    (tmp_path / "dbnchurn").mkdir()
    for name, text in PACKAGE.items():
        (tmp_path / "dbnchurn" / name).write_text(text)
    return {module.name: module for module in measure.modules(tmp_path)}


def test_lines_of_functions_with_and_without_what_is_no_code(measure, found):
    sizes = {f.name: (f.whole, f.code) for m in found.values() for f in measure.functions(m)}
    assert sizes == {
        "dbnchurn.one.f": (8, 3),
        "dbnchurn.two.g": (4, 2),
        "dbnchurn.two.C.m": (4, 4),
        "dbnchurn.two.C.m.inner": (2, 2),
        "dbnchurn.three.h": (1, 1),
        "dbnchurn.three._hidden": (2, 2),
    }


@pytest.mark.parametrize(
    ("anywhere", "circles"),
    [(False, []), (True, [["dbnchurn.one", "dbnchurn.three", "dbnchurn.two"]])],
)
def test_circles_of_imports_count_late_ones_apart(measure, found, anywhere, circles):
    graph = {
        name: measure.imports(module, found, anywhere=anywhere) for name, module in found.items()
    }
    assert graph["dbnchurn.three"] == {"dbnchurn.one"}
    assert measure.cycles(graph) == circles


@pytest.mark.parametrize("lazy", [False, True])
def test_what_is_imported_from_a_package_is_an_import_of_what_defines_it(measure, tmp_path, lazy):
    (tmp_path / "dbnchurn").mkdir()
    listed = "from .one import f as f\n" if lazy else PACKAGE["__init__.py"]
    (tmp_path / "dbnchurn" / f"__init__.py{'i' if lazy else ''}").write_text(listed)
    (tmp_path / "dbnchurn" / "__init__.py").touch()
    (tmp_path / "dbnchurn" / "one.py").write_text(PACKAGE["one.py"])
    (tmp_path / "dbnchurn" / "four.py").write_text("from dbnchurn import f\n")
    by_name = {module.name: module for module in measure.modules(tmp_path)}
    assert measure.imports(by_name["dbnchurn.four"], by_name, anywhere=False) == {"dbnchurn.one"}
    assert [name for name, _ in measure.exported(list(by_name.values()))] == ["dbnchurn.one.f"]


def test_what_is_public_and_shown(measure, found):
    modules = list(found.values())
    assert [name for name, _ in measure.exported(modules)] == ["dbnchurn.one.f"]
    names = [name.rsplit(".", 1)[1] for name, _ in measure.public(modules)]
    assert sorted(names) == ["C", "f", "g", "h"]
    assert measure.documented(measure.public(modules)) == (2, 1)
    assert [measure.docstring_lines(module) for module in modules] == [0, 5, 1, 0]


def test_what_a_requirement_brings_is_found_and_weighed(measure):
    brought = measure.closure(["pandas>=2"])
    assert {"pandas", "numpy", "python-dateutil"} <= set(brought)
    assert not {"pytest", "sqlalchemy"} & set(brought)  # of its extras
    sizes = measure.installed_bytes(brought)
    assert sizes["pandas"] > sizes["python-dateutil"] > 10_000
    with pytest.raises(SystemExit, match="no-such-package is not installed"):
        measure.closure(["no-such-package"])


def test_seconds_of_a_suite_are_read(measure, tmp_path):
    report = tmp_path / "suite.xml"
    report.write_text(
        '<testsuites><testsuite tests="7" skipped="2" time="61.4"></testsuite></testsuites>'
    )
    assert measure.suite_row(report)[1] == "7 tests (2 skipped), 61 s"


def test_a_page_gets_the_table_between_its_markers_and_keeps_the_rest(measure, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"above\n{measure.START}\nold\n{measure.END}\nbelow\n")
    measure.put_between(page, r"new \1")
    measure.put_between(page, r"newer \1")
    assert page.read_text() == f"above\n{measure.START}\nnewer \\1\n{measure.END}\nbelow\n"
    page.write_text("no markers")
    with pytest.raises(SystemExit, match="needs the lines"):
        measure.put_between(page, "x")


def test_the_pipeline_is_drawn_the_same_each_time(root, tmp_path):
    for name in ("one.svg", "two.svg"):
        command = [sys.executable, root / "scripts" / "draw_pipeline.py", tmp_path / name]
        subprocess.run(command, check=True, capture_output=True)
    first = (tmp_path / "one.svg").read_bytes()
    assert first == (tmp_path / "two.svg").read_bytes()
    assert ElementTree.fromstring(first).tag.endswith("svg")


def test_without_a_wheel_the_check_says_how_to_get_one(root, tmp_path, monkeypatch):
    check = load_script(root, "check_wheel")
    monkeypatch.setattr(check, "ROOT", tmp_path)
    with pytest.raises(SystemExit, match="holds 0 wheels; run 'make wheel'"):
        check.only_wheel()


def test_the_wheel_is_tested_beside_all_but_the_package_and_what_git_ignores(
    root, tmp_path, monkeypatch
):
    check = load_script(root, "check_wheel")
    monkeypatch.setattr(check, "ROOT", tmp_path / "clone")
    taken = {".ci/run", ".gitignore", "docs/dbnchurn.md", "tests/data/test_build.py"}
    left = {".git/HEAD", "data/a.csv", "dbnchurn/cli.py", "runs/tv/a", "tests/__pycache__/a.pyc"}
    for name in (*taken, *left):
        (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "clone" / name).touch()
    (tmp_path / "clone/.gitignore").write_text("/data/\nruns/\n__pycache__/\n")
    check.copy_all_but_the_package(tmp_path / "copy")
    copied = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path / "copy").as_posix() for path in copied} == taken


def test_locked_requirements_hold_versions_and_hashes_and_no_address(root):
    lock = load_script(root, "lock_requirements")
    entry = {
        "metadata": {"name": "NumPy", "version": "2.0+cpu"},
        "download_info": {
            "url": "https://registry.example/numpy.whl",
            "archive_info": {"hashes": {"sha256": "ab" * 32}},
        },
    }
    text = lock.locked({"install": [entry]})
    assert text.splitlines()[1:] == [f"numpy==2.0 --hash=sha256:{'ab' * 32}"]
    assert "://" not in text
    assert not any(line.startswith("torch") for line in lock.wanted(["train"]))
    entry["download_info"] = {"url": "file:///numpy.whl"}
    with pytest.raises(SystemExit, match=r"NumPy 2\.0: pip reports no hash"):
        lock.locked({"install": [entry]})


@pytest.mark.parametrize(
    ("name", "extras"), [("requirements-core.txt", []), ("requirements-train.txt", ["train"])]
)
def test_locked_requirements_are_within_the_bounds_of_the_project(root, name, extras):
    lock = load_script(root, "lock_requirements")
    first, *lines = (root / name).read_text(encoding="utf-8").splitlines()
    assert f"{first}\n" == lock.HEAD
    found = {}
    for line in lines:
        package, version = re.fullmatch(r"(\S+)==(\S+) --hash=sha256:[0-9a-f]{64}", line).groups()
        found[canonicalize_name(package)] = version
    assert len(found) == len(lines)
    for line in lock.wanted(extras):
        wanted = Requirement(line)
        assert found[canonicalize_name(wanted.name)] in wanted.specifier, line
    pins = [
        Requirement(line)
        for line in (root / "constraints.txt").read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    for pin in pins:
        version = found.get(canonicalize_name(pin.name))
        assert version is None or version in pin.specifier, pin
    assert "torch" not in found


def test_every_package_of_the_core_states_its_licence(root):
    licences = load_script(root, "list_licences")
    found = licences.requirements("dbnchurn", [])
    if not found:
        pytest.skip("dbnchurn runs from its folder and is not installed")
    assert {"numpy", "duckdb", "pydantic"} <= set(found)
    assert not [n for n, one in found.items() if licences.licence_of(one) == "not stated"]


def test_the_cost_of_a_job_grows_with_its_rows_from_what_was_measured(root, tmp_path):
    cost = load_script(root, "spark_cost")
    fixed, slope = cost.fixed_and_slope([1000, 2000, 4000], [3.0, 5.0, 9.0])
    assert (fixed, slope) == pytest.approx((1.0, 0.002))
    assert cost.fixed_and_slope([10, 20], [5.0, 4.0])[0] == 0.0  # less time for more rows: noise
    measured = {
        "rows": 4000, "fixed_seconds": 3600.0, "seconds_per_row": 3.6e-3,
        "shuffle_bytes_per_row": 100.0, "frame_bytes_per_row": 500.0, "memory_mb": 2000.0,
        "over_mb": -50.0, "booster_seconds_per_row": None, "machine": "one", "date": "2024-08-01",
    }  # fmt: skip
    (tmp_path / "c.json").write_text(json.dumps({"constants": measured}))
    constants = cost.read_constants(tmp_path / "c.json")
    one = cost.cost_of(constants, customers=1e6, months=3, tables=[1, 0.5])
    assert (one.rows, one.parts, one.task_gb) == (4.5e6, 5, 2.0)
    assert one.build_hours == pytest.approx(1 + 4.5)
    assert (one.shuffle_gb, one.driver_gb, one.booster_hours) == (0.45, 0.5, 0.0)
    large = cost.cost_of(constants, customers=1e8, months=3, tables=[1, 0.5])
    assert large.booster_hours is None  # above the bound they cost, and that was not measured
    assert large.driver_gb == pytest.approx(20e6 * 500 / 1e9)
    assert any("112,500.0 times" in line for line in cost.report(large, constants, 64))
    (tmp_path / "c.json").write_text("{}")
    with pytest.raises(SystemExit, match=r"benchmark_spark\.py --write"):
        cost.read_constants(tmp_path / "c.json")
