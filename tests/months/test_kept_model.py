"""What is kept of a model: its files and those beside it, whatever its folder is called."""

import shutil

import pytest

from dbnchurn.core.errors import ArtifactError
from dbnchurn.months.kept_model import check_copy, copy_beside, file_digests, holds


def test_a_copy_holds_what_it_is_a_copy_of_and_perhaps_more(shared_model, tmp_path):
    model = tmp_path / "run" / "model"
    shutil.copytree(shared_model, model)
    bare = file_digests(model)
    assert "model/manifest.json" in bare
    (tmp_path / "run" / "metrics.json").write_text("{}")
    (tmp_path / "run" / "report.html").write_text("of the run alone")
    files = file_digests(model)
    assert sorted(files.keys() - bare.keys()) == ["metrics.json"]
    kept = tmp_path / "kept" / "data"
    shutil.copytree(model, kept)
    assert (holds(kept, bare), holds(kept, files)) == (True, False)
    copy_beside(model, kept.parent)
    assert sorted(path.name for path in kept.parent.iterdir()) == ["data", "metrics.json"]
    assert holds(kept, bare)
    assert holds(kept, files)
    check_copy(kept, files, model)
    (kept / "card.md").write_text("other")
    assert not holds(kept, bare)
    with pytest.raises(ArtifactError, match="changed while it was copied"):
        check_copy(kept, files, model)
    assert not holds(tmp_path / "nowhere", bare)
