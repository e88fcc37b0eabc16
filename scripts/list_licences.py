"""Print the licence of every installed package, as its own metadata name it.

``python scripts/list_licences.py [EXTRA ...]`` lists what dbnchurn needs at run time, with the
extras that are named; without arguments, the core.
"""

from __future__ import annotations

import argparse
import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

NAME = re.compile(r"^([A-Za-z0-9._-]+)")
OF_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
LONGEST = 60  # of a licence that is given as its whole text


def licence_of(found: Distribution) -> str:
    """The licence of a package: its SPDX expression, classifier, or the line that it gives."""
    about = found.metadata
    if expression := about.get("License-Expression"):
        return str(expression)
    named = [
        line.rpartition(" :: ")[2]
        for line in about.get_all("Classifier") or []
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    if named:
        return ", ".join(named)
    files = [file for file in about.get_all("License-File") or [] if found.read_text(file)]
    if not about.get("License") and files:
        return f"see its {files[0]}"
    first = (str(about.get("License") or "").strip().splitlines() or ["not stated"])[0]
    return first[:LONGEST]


def requirements(root: str, extras: list[str]) -> dict[str, Distribution]:
    """Every package that one needs, itself left out, by its name in small letters.

    Parameters
    ----------
    root : str
    extras : list of str
        Of the root; packages below it are taken with those that they are asked for without.

    Returns
    -------
    dict of name → Distribution
        Installed ones alone.
    """
    found: dict[str, Distribution] = {}
    waiting = [(root, set(extras))]
    while waiting:
        name, wanted = waiting.pop()
        try:
            one = distribution(name)
        except PackageNotFoundError:
            continue  # of another platform or version of Python
        key = str(one.metadata["Name"]).lower()
        if key in found:
            continue
        found[key] = one
        for line in one.requires or []:
            extra = OF_EXTRA.search(line)
            match = NAME.match(line)
            if match and (extra is None or extra[1] in wanted):
                waiting.append((match[1], set()))
    found.pop(root.lower(), None)
    return found


def main(extras: list[str]) -> None:
    """Print a table of Markdown."""
    print("| package | version | licence |\n|---|---|---|")
    for name, found in sorted(requirements("dbnchurn", extras).items()):
        print(f"| {name} | {found.version} | {licence_of(found)} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("extras", nargs="*", help="extras whose packages are listed too")
    main(parser.parse_args().extras)
