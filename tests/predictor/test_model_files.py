"""Small files that ask for much are refused, or loaded in proportion to their size."""

import os

import pytest

from dbnchurn.core.errors import ArtifactError
from dbnchurn.predictor.model_files import (
    ARRAYS,
    LARGEST,
    MANIFEST,
    check_entries,
    most_bytes,
    read_file,
    read_named,
    read_signature,
)
from tests.predictor.heavy import CHANGES, folders, measured


def test_a_file_is_measured_before_it_is_read(model):
    size = (model / ARRAYS).stat().st_size
    assert len(read_file(model, ARRAYS, most=size)) == size
    with pytest.raises(ArtifactError, match=f"{size} bytes, at most {size - 1} are allowed, as"):
        read_file(model, ARRAYS, most=size - 1)
    os.truncate(model / MANIFEST, LARGEST[MANIFEST] + 1)  # sparse: takes no place
    with pytest.raises(ArtifactError, match=r"are allowed$"):
        read_file(model, MANIFEST)
    assert most_bytes([5]) == most_bytes([]) + 5


def test_other_contents_and_other_entries_are_refused(model):
    with pytest.raises(ArtifactError, match=r"card\.md is damaged"):
        read_named(model, "card.md", "0" * 64)
    check_entries(model)
    assert read_signature(model) is None
    (model / "signature.json").symlink_to(model / "card.md")
    with pytest.raises(ArtifactError, match="is a link"):
        read_signature(model)
    (model / "inner").mkdir()
    with pytest.raises(ArtifactError, match="holds 'inner'"):
        check_entries(model)


QUICK = ["the model itself", "a long name for every flag", "a wide layer", "manifest of mappings",
         "manifest of lists", "a sparse file", "a manifest of 60 MiB"]  # fmt: skip


@pytest.mark.parametrize(
    "names", [QUICK, pytest.param(None, marks=pytest.mark.long)], ids=["quick", "long"]
)
def test_what_loading_takes_is_in_proportion_to_the_files(thorough, tmp_path, names):
    """Measured in a process of its own: memory by its peak, time by its processor."""
    thorough.save(tmp_path / "model")
    found = {}
    for name, folder in folders(tmp_path / "model", tmp_path / "scratch", names):
        found[name] = measured(name, folder)
    assert len(found) == len(names) if names else len(found) > len(CHANGES)
    assert found["the model itself"].outcome == "loaded"
    assert [load for load in found.values() if not load.fits] == []
    assert [load.outcome for load in found.values() if load.outcome == "crashed"] == []
