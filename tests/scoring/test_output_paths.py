"""The files of a job are named after its scores."""

import pytest

from dbnchurn.core.errors import ConfigError, ResourceError
from dbnchurn.scoring.output_paths import OutputPaths, disk_errors


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_names_follow_from_that_of_the_scores(tmp_path, ending):
    folder = tmp_path / "new"
    paths = OutputPaths.of(folder / f"s.{ending}")
    assert paths == OutputPaths(
        output=folder / f"s.{ending}",
        rejected=folder / f"s.rejected.{ending}",
        summary=folder / f"s.{ending}.job.json",
        quarantine=folder / f"s.{ending}.quarantine",
        work=folder / f"s.{ending}.parts",
    )
    assert not folder.exists()


def test_names_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "s.csv").mkdir()
    with pytest.raises(
        ConfigError, match=r"s\.csv: scores cannot be written there: it is a folder"
    ):
        OutputPaths.of(tmp_path / "s.csv")
    for output, rejected in (("s.txt", None), ("t.csv", "bad.txt")):
        with pytest.raises(ConfigError, match="scores are written as one of"):
            OutputPaths.of(tmp_path / output, rejected)


def test_errors_of_the_disk_are_one_sentence(tmp_path):
    full = pytest.raises(ResourceError, match="No space left on device; with that mended")
    with full, disk_errors(tmp_path / "s.csv"):
        raise OSError(28, "No space left on device")
