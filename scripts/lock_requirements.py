"""Write a file for ``pip install --require-hashes -r FILE``: versions and hashes of every package.

``python scripts/lock_requirements.py requirements-core.txt`` resolves what the core needs within
``constraints.txt``; further arguments are extras, as in ``... requirements-train.txt train``. pip
itself chooses the files and reports their SHA-256; nothing is installed. The file holds no address,
so that it serves every mirror. torch is left out: its builds (CPU, CUDA) have one version and
different hashes, so it is installed by itself, from the place that an organisation trusts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LEFT_OUT = ("torch",)  # with what only torch needs, which comes with it
HEAD = "# Made by scripts/lock_requirements.py; pip install --require-hashes -r this file\n"


def wanted(extras: list[str]) -> list[str]:
    """Requirements of the project and of extras, without those that are left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return [line for line in lines if not line.startswith(LEFT_OUT)]


def locked(report: Mapping[str, Any]) -> str:
    """The file, of pip's report on what it would install.

    Parameters
    ----------
    report : mapping
        As ``pip install --dry-run --report`` writes it.

    Returns
    -------
    str

    Raises
    ------
    SystemExit
        If a package has no hash.
    """
    lines = []
    for entry in report["install"]:
        about = entry["metadata"]
        name, version = about["name"], about["version"].partition("+")[0]
        if name.lower() in LEFT_OUT:
            continue
        sha256 = entry["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        if sha256 is None:
            raise SystemExit(f"{name} {version}: pip reports no hash of its file")
        lines.append(f"{name.lower()}=={version} --hash=sha256:{sha256}\n")
    return HEAD + "".join(sorted(lines))


def main(path: str, *extras: str) -> None:
    """Resolve with pip and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed",
             "--only-binary", ":all:", "--report", report, "-c", ROOT / "constraints.txt",
             *wanted(list(extras))],
            check=True,
        )  # fmt: skip
        text = locked(json.loads(report.read_text(encoding="utf-8")))
    Path(path).write_text(text, encoding="utf-8")
    print(f"{path}: {text.count('--hash')} packages")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("path", help="file that is written")
    parser.add_argument("extras", nargs="*", help="extras whose packages are locked too")
    options = parser.parse_args()
    main(options.path, *options.extras)
