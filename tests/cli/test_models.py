"""A job names the model that it scores with, and refuses any other."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dbnchurn import Predictor
from dbnchurn.cli import main, models
from tests.predictor.test_digest import write_keys


def refused(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    assert stopped.value.code == 2
    return capsys.readouterr().err


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    assert not stopped.value.code
    return capsys.readouterr().out


def test_digest_sign_and_score(model, named, tmp_path, capsys):
    assert models.PANEL
    private, public = write_keys(tmp_path, "own", Ed25519PrivateKey.generate())
    digest = run(capsys, "digest", model).strip()
    assert digest == Predictor.load(model).digest
    assert digest in run(capsys, "sign", model, "--key", private)
    assert run(capsys, "digest", model).strip() == digest
    named.head(20).to_parquet(tmp_path / "t.parquet")
    how = ("score", model, tmp_path / "t.parquet", "--output", tmp_path / "s.csv")
    run(capsys, *how, "--expect", digest, "--public-key", public)
    (tmp_path / "s.csv").unlink()
    assert "expected is 0000" in refused(capsys, *how, "--expect", "0" * 64)
    evaluated = ("evaluate", model, tmp_path / "t.parquet", "--expect", "0" * 64)
    assert "expected is 0000" in refused(capsys, *evaluated)
    prepared = ("prepare", "--model", model, "--output", tmp_path / "m", "--expect", "0" * 64)
    assert "expected is 0000" in refused(capsys, *prepared)
    assert not (tmp_path / "s.csv").exists()
    (model / "more").touch()
    assert "'more', which is no part" in refused(capsys, "digest", model)
    assert "belong to --model" in refused(
        capsys, "prepare", "x.yaml", "--output", tmp_path / "m", "--trust-sources"
    )
