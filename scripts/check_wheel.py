"""Run the tests against the installed wheel, where the source of the package cannot be imported.

    python scripts/check_wheel.py [dist/dbnchurn-0.2.0-py3-none-any.whl] [-- PYTEST OPTIONS]

The wheel goes into an environment of its own that borrows every other package from the one this
runs in. Tests, docs, configs and scripts are copied beside it, the package is not: what the wheel
lacks is missing. The doctests that run are those of the installed modules.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "dbnchurn"
# A unit of tests in one of two processes, in the order of tests/work_units.py: longest first.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def environment(folder: Path, wheel: Path) -> Path:
    """The interpreter of a new environment that has the wheel and borrows all else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    names = {"base": str(folder), "platbase": str(folder)}
    (Path(sysconfig.get_path("purelib", "venv", names)) / "borrowed.pth").write_text(
        "\n".join(dict.fromkeys([sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]))
    )
    python = Path(sysconfig.get_path("scripts", "venv", names)) / Path(sys.executable).name
    pip = [sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check"]
    # What the wheel needs is borrowed, so nothing is fetched.
    subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", wheel], check=True)
    return python


def copy_all_but_the_package(folder: Path) -> None:
    """Copy what git knows of, or would, without the package.

    The patterns are read here, for git refuses a clone of another user and may not be there at all.
    """
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    patterns = [line.rstrip("/") for line in lines]
    anywhere = shutil.ignore_patterns(".git", *(p for p in patterns if not p.startswith("/")))
    at_root = shutil.ignore_patterns(PACKAGE, *(p[1:] for p in patterns if p.startswith("/")))

    def left_out(place: str, names: list[str]) -> set[str]:
        return anywhere(place, names) | (at_root(place, names) if Path(place) == ROOT else set())

    shutil.copytree(ROOT, folder, ignore=left_out)


def place_of_package(python: Path, folder: Path, variables: dict[str, str]) -> Path:
    """Where the package is imported from in a folder."""
    code = f"import {PACKAGE}; print({PACKAGE}.__file__)"
    done = subprocess.run(
        [python, "-c", code], cwd=folder, env=variables, capture_output=True, text=True, check=True
    )
    return Path(done.stdout.strip()).resolve()


def only_wheel() -> Path:
    """The wheel that ``make wheel`` left."""
    wheels = sorted((ROOT / "dist").glob(f"{PACKAGE}-*.whl"))
    if len(wheels) != 1:
        raise SystemExit(f"dist/ holds {len(wheels)} wheels; run 'make wheel', or name one")
    return wheels[0]


def main() -> None:
    """Install, copy, run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheel", nargs="?", type=Path, help="by default the only one in dist/")
    ours, theirs = sys.argv[1:], []
    if "--" in ours:
        ours, theirs = ours[: ours.index("--")], ours[ours.index("--") + 1 :]
    wheel = (parser.parse_args(ours).wheel or only_wheel()).resolve()
    folder = ROOT / "build" / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    apart = folder / "tests"
    python = environment(folder / "env", wheel)
    copy_all_but_the_package(apart)
    # Processes of tests load compiled modules, and the first one writes those of the tests.
    left_out = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    variables = {k: v for k, v in os.environ.items() if k not in left_out}
    variables["DBNCHURN_WHEEL"] = str(wheel)
    place = place_of_package(python, apart, variables)
    if not place.is_relative_to((folder / "env").resolve()):
        raise SystemExit(f"the package is imported from {place}, not from the wheel")
    print(f"testing {wheel.name} as installed in {place.parent}", flush=True)
    what = theirs or [*SIDE_BY_SIDE, "tests", str(place.parent)]
    pytest = [python, "-m", "pytest", "-c", "pyproject.toml", "--rootdir", "."]
    done = subprocess.run([*pytest, *what], cwd=apart, env=variables)
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
