"""One digest of a whole model folder, and its signature.

The digest covers every byte of every file, so that a job that names it scores with that model and
no other. The signature is of the digest, with a key of the Ed25519 scheme.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dbnchurn.core.errors import ArtifactError, ConfigError, wants_extra
from dbnchurn.core.files import atomic_write

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SIGNATURE = "signature.json"
SCHEME = "ed25519"
PURPOSE = b"dbnchurn model digest "  # so that a signature of another text is none of a model
LARGEST_KEY = 2**14  # bytes
HOW_TO = "openssl genpkey -algorithm ed25519 -out model.key"


def digest_of(files: Mapping[str, bytes]) -> str:
    """The digest of the files of a model.

    Parameters
    ----------
    files : mapping of name → contents

    Returns
    -------
    str
        SHA-256 in hexadecimal of the lines ``HASH  NAME`` in the order of the names, which is what
        ``sha256sum`` prints.

    Examples
    --------
    >>> digest_of({"card.md": b"# Churn model"})[:12]
    '4253d70263c5'
    """
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def checked_digest(text: str) -> str:
    """A digest as a user wrote it, in small letters.

    Raises
    ------
    ConfigError
        If it is not 64 hexadecimal digits.
    """
    found = text.strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", found):
        raise ConfigError(
            f"{text!r:.80} is no digest of a model: give the 64 hexadecimal digits that 'dbnchurn "
            "digest MODEL' prints; the version of a model is not enough, as it covers its "
            "records alone"
        )
    return found


def refuse_other(found: str, expected: str) -> None:
    """Refuse a model whose digest is not the expected one.

    Parameters
    ----------
    found : str
        Digest of the model.
    expected : str
        As a user wrote it.

    Raises
    ------
    ArtifactError
        If they differ.
    ConfigError
        If `expected` is no digest.
    """
    if found != checked_digest(expected):
        raise ArtifactError(
            f"the model has the digest {found}, expected is {checked_digest(expected)}: it is "
            "another model, or was changed"
        )


def signature_text(digest: str, key: str | Path) -> str:
    """The contents of a signature file.

    Parameters
    ----------
    digest : str
        Of the model.
    key : path
        Private key in PEM, without a password.

    Returns
    -------
    str

    Raises
    ------
    ConfigError
        If the key cannot be read, or is of another scheme.
    """
    signed = base64.b64encode(_private_key(Path(key)).sign(PURPOSE + digest.encode())).decode()
    told = {"scheme": SCHEME, "digest": digest, "signature": signed}
    return json.dumps(told, indent=1) + "\n"


def write_signature(folder: str | Path, digest: str, key: str | Path) -> Path:
    """Sign a model: write ``signature.json`` into its folder.

    Parameters
    ----------
    folder : path
        Of the model.
    digest : str
        Of the model as it was loaded.
    key : path
        As :func:`signature_text` takes it.

    Returns
    -------
    Path
        Of the signature.

    Raises
    ------
    ConfigError
        As :func:`signature_text`.
    """
    text = signature_text(digest, key)
    path = Path(folder) / SIGNATURE
    with atomic_write(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return path


def check_signature(content: bytes | None, digest: str, public_key: str | Path) -> None:
    """Refuse a model that the owner of a key has not signed.

    Parameters
    ----------
    content : bytes or None
        Of the signature file; None if there is none.
    digest : str
        Of the model.
    public_key : path
        In PEM.

    Raises
    ------
    ArtifactError
        If the model is unsigned, or signed with another key or before it was changed.
    ConfigError
        If the public key cannot be read.
    """
    key = _public_key(Path(public_key))
    if content is None:
        raise ArtifactError(
            f"the model is not signed: it has no {SIGNATURE}; sign it with dbnchurn sign MODEL "
            "--key FILE"
        )
    signature = _signature_in(content)
    with wants_extra("sign"):
        from cryptography.exceptions import InvalidSignature
    try:
        key.verify(signature, PURPOSE + digest.encode())
    except InvalidSignature as error:
        raise ArtifactError(
            f"the signature of the model is not that of the key {public_key}, or the model was "
            "changed after it was signed"
        ) from error


def _signature_in(content: bytes) -> bytes:
    try:
        told = json.loads(content)
        if told["scheme"] == SCHEME and isinstance(told["signature"], str):
            return base64.b64decode(told["signature"], validate=True)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ArtifactError(f"{SIGNATURE} is no signature of a model") from error
    raise ArtifactError(f"{SIGNATURE} is no signature of a model of the scheme {SCHEME}")


def _key_bytes(path: Path) -> bytes:
    """The contents of a key file, which is small."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_KEY + 1)
    except OSError as error:
        raise ConfigError(f"the key {path} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_KEY:
        raise ConfigError(f"{path} has more than {LARGEST_KEY} bytes, so it is no key")
    return content


def _private_key(path: Path) -> Ed25519PrivateKey:
    with wants_extra("sign"):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    content = _key_bytes(path)
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"{path} is no private key in PEM without a password; make one with {HOW_TO}"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path} is a key of another scheme; make one with {HOW_TO}")
    return key


def _public_key(path: Path) -> Ed25519PublicKey:
    with wants_extra("sign"):
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    content = _key_bytes(path)
    made = "openssl pkey -in model.key -pubout -out model.pub"
    try:
        key = load_pem_public_key(content)
    except ValueError as error:
        raise ConfigError(f"{path} is no public key in PEM; make one with {made}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"{path} is a public key of another scheme than {SCHEME}; see {made}")
    return key
