"""Fingerprints depend on contents, shape and type alone; versions are those installed."""

import platform
from importlib.metadata import version

import numpy as np
import pytest

from dbnchurn.core.provenance import PACKAGES, fingerprint, versions

TABLE = np.arange(12, dtype=np.float64).reshape(3, 4)


@pytest.mark.parametrize(
    "same", [TABLE.copy(), np.asfortranarray(TABLE), np.repeat(TABLE, 2, axis=0)[::2]]
)
def test_the_layout_in_memory_does_not_matter(same):
    assert fingerprint([same]) == fingerprint([TABLE])


def test_every_difference_gives_another_fingerprint():
    one_bit = TABLE.copy()
    one_bit[2, 3] = np.nextafter(one_bit[2, 3], 99)
    others = [
        [TABLE],
        [one_bit],
        [TABLE.T],
        [TABLE.reshape(4, 3)],
        [TABLE.ravel()],
        [TABLE.astype(np.float32)],
        [TABLE.view(np.int64)],
        [TABLE.astype(">f8")],
        [TABLE[:2], TABLE[2:]],
        [TABLE[2:], TABLE[:2]],
        [TABLE, TABLE],
        [],
    ]
    assert len({fingerprint(arrays) for arrays in others}) == len(others)


def test_a_fingerprint_is_stable_between_releases():
    """Stored models hold fingerprints of earlier sessions."""
    assert fingerprint([np.array([1, 2, 3], "<i8")]) == (
        "9bab3a0439fd49537b408c888c97b850a6e3415c469ce74ba52ab8d77ea581bd"
    )  # fmt: skip


def test_fingerprints_take_any_iterable():
    assert fingerprint(iter([TABLE, TABLE])) == fingerprint((TABLE, TABLE))


def test_versions_are_those_installed():
    installed = versions()
    assert installed["python"] == platform.python_version()
    assert installed["numpy"] == version("numpy")
    assert set(installed) <= {"python", *PACKAGES}
