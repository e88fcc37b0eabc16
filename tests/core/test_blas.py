"""Linear algebra where memory has run out: a sentence, never a loop or a killed process."""

import subprocess
import sys

import pytest

from dbnchurn.core.blas import reserve_blas_memory

FEW = """
import resource, sys
import numpy as np, scipy.linalg
from dbnchurn.core.errors import ResourceError
from dbnchurn.core.blas import reserve_blas_memory
from dbnchurn.decide.calibration import fit_blend
if sys.argv[1] == "before":
    reserve_blas_memory()
z = np.random.default_rng(0).normal(size=(20_000, 2))
y = (z[:, 0] > 0).astype(int)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 40 * 2**20,) * 2)
try:
    print(fit_blend(z, y, np.ones(20_000), 10.0)[0].shape)
except ResourceError as error:
    print(error)
"""


def test_reserving_again_does_nothing():
    reserve_blas_memory()
    reserve_blas_memory()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(
    ("when", "said"),
    [("never", "not 48 MiB of memory left for linear algebra"), ("before", "(2,)")],
)
def test_a_blend_without_memory_ends_in_a_sentence_or_needs_none(when, said):
    found = subprocess.run(
        [sys.executable, "-c", FEW, when], capture_output=True, text=True, timeout=120
    )
    assert found.returncode == 0, found.stderr
    assert said in found.stdout
