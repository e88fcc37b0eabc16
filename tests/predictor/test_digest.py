"""One digest covers every byte of a model; a signature says who made it."""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as other_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from dbnchurn import Predictor
from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.predictor.digest import SIGNATURE, digest_of, write_signature
from dbnchurn.predictor.model_files import NAMES, digest_of_folder

OPEN = {"format": PrivateFormat.PKCS8, "encryption_algorithm": NoEncryption()}


def write_keys(folder, name, key=None):
    key = key or Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, **OPEN))
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def test_the_digest_is_what_coreutils_make_of_the_files(model):
    lines = [f"{hashlib.sha256((model / n).read_bytes()).hexdigest()}  {n}\n" for n in NAMES]
    expected = hashlib.sha256("".join(sorted(lines, key=lambda x: x[66:])).encode()).hexdigest()
    assert Predictor.load(model).digest == digest_of_folder(model) == expected


def test_every_file_and_every_note_counts_in_the_digest_and_not_in_the_version(model):
    before = Predictor.load(model)
    path = model / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["about"]["note"] = "changed"
    path.write_text(json.dumps(manifest))
    after = Predictor.load(model)
    assert after.version == before.version
    assert after.digest != before.digest
    files = dict.fromkeys(NAMES, b"x")
    found = {digest_of({**files, name: b"y"}) for name in NAMES} | {digest_of(files)}
    assert len(found) == len(NAMES) + 1


def test_another_model_than_the_expected_is_refused(model):
    digest = Predictor.load(model).digest
    assert Predictor.load(model, expect=f" {digest.upper()}\n").digest == digest
    with pytest.raises(ArtifactError, match=f"has the digest {digest}, expected is 0000"):
        Predictor.load(model, expect="0" * 64)
    for text in ("", digest[:12], Predictor.load(model).version, "g" * 64):
        with pytest.raises(ConfigError, match="is no digest of a model: give the 64"):
            Predictor.load(model, expect=text)
    (model / "more.txt").write_text("x")
    assert Predictor.load(model).digest == digest
    with pytest.raises(ArtifactError, match=r"holds 'more\.txt', which is no part of a model"):
        Predictor.load(model, expect=digest)


def test_a_signed_model_is_known_and_any_other_is_refused(model, tmp_path):
    private, public = write_keys(tmp_path, "own")
    _, foreign = write_keys(tmp_path, "foreign")
    with pytest.raises(ArtifactError, match="the model is not signed"):
        Predictor.load(model, public_key=public)
    digest = Predictor.load(model).digest
    write_signature(model, digest, private)
    assert Predictor.load(model, public_key=public, expect=digest).digest == digest
    with pytest.raises(ArtifactError, match="is not that of the key"):
        Predictor.load(model, public_key=foreign)
    (model / "card.md").write_bytes((model / "card.md").read_bytes() + b"\n")
    manifest = json.loads((model / "manifest.json").read_text())
    manifest["files"]["card.md"] = hashlib.sha256((model / "card.md").read_bytes()).hexdigest()
    (model / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="or the model was changed after it was signed"):
        Predictor.load(model, public_key=public)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"[" * 3000, b'{"scheme": "rsa", "signature": ""}', b"\xff", b"x" * 9_000,
     b'{"scheme": "ed25519", "signature": 1}', b'{"scheme": "ed25519", "signature": "&"}',
     b'{"scheme": "ed25519", "signature": "AAAA"}'],
)  # fmt: skip
def test_what_is_no_signature_is_refused(model, tmp_path, content):
    _, public = write_keys(tmp_path, "own")
    (model / SIGNATURE).write_bytes(content)
    with pytest.raises(ArtifactError, match="signature"):
        Predictor.load(model, public_key=public)


def test_other_keys_are_refused_in_a_sentence(model, tmp_path):
    private, public = write_keys(tmp_path, "own")
    other, other_public = write_keys(tmp_path, "other", other_key(SECP256R1()))
    digest = Predictor.load(model).digest
    for key, message in ((public, "no private key in PEM"), (other, "another scheme")):
        with pytest.raises(ConfigError, match=message):
            write_signature(model, digest, key)
    for key, message in ((private, "no public key in PEM"), (other_public, "another scheme")):
        with pytest.raises(ConfigError, match=message):
            Predictor.load(model, public_key=key)
    with pytest.raises(ConfigError, match="cannot be read"):
        Predictor.load(model, public_key=tmp_path / "nowhere")
    assert not (model / SIGNATURE).exists()


def test_a_signed_model_may_be_replaced(fitted, model, tmp_path):
    private, _ = write_keys(tmp_path, "own")
    write_signature(model, Predictor.load(model).digest, private)
    fitted.save(model)
    assert sorted(path.name for path in model.iterdir()) == sorted(NAMES)
