"""The private key of a key pair: read, and what is wrong with one that cannot be.

https://docs.snowflake.com/en/user-guide/key-pair-auth
"""

from __future__ import annotations

import base64
import os
from hashlib import sha256

from singer_bulk.errors import ConfigError

from target_snowflake_stage.config import SnowflakeSettings

MIN_BITS = 2048
# https://docs.snowflake.com/en/user-guide/key-pair-auth
CURVES = ("secp256r1", "secp384r1", "secp521r1")
_MAKE = "openssl genrsa 2048 | openssl pkcs8 -topk8 -nocrypt -out KEY.p8"

_PUBLIC = ("is a public key", "give the private one; the public one belongs to the user in Snowflake")
# PKCS#5, in DER: an encrypted PKCS#8 begins with it. https://www.rfc-editor.org/rfc/rfc8018
_ENCRYPTED = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05"

# How a text that is no key begins -> what it is, and what to do.
_BEGINS = {
    "": ("is empty", f"make one: {_MAKE}"),
    "-----BEGIN PUBLIC": _PUBLIC,
    "-----BEGIN RSA PUBLIC": _PUBLIC,
    "-----BEGIN CERT": ("is a certificate", "give the private key"),
    "ssh-": ("is a public key of OpenSSH", "give the private one, as PEM"),
    "PuTTY-": ("is in PuTTY's form", "export it in OpenSSH's, then: ssh-keygen -p -m PKCS8 -f KEY"),
    "-----BEGIN OPENSSH": ("is in OpenSSH's form", "turn it into PEM: ssh-keygen -p -m PKCS8 -f KEY"),
}


def read_private_key(settings: SnowflakeSettings) -> bytes | None:
    """Return the key as DER, which both generations of the connector take; None if the settings have none.

    Raises ConfigError, which says what the key is instead; never its text.
    """
    if settings.private_key is not None:
        return _der(settings.private_key.encode(), "private_key", settings.private_key_passphrase)
    if settings.private_key_path is None:
        return None
    path = os.path.expanduser(settings.private_key_path)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise _wrong(f"private_key_path {path!r} cannot be read: {error.strerror}") from None
    return _der(content, "private_key_path", settings.private_key_passphrase)


def _der(content: bytes, setting: str, passphrase: str | None) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    content = _mended(content)
    load = serialization.load_pem_private_key
    if (body := _body(content)) is not None:
        content, load = body, serialization.load_der_private_key
    try:
        key = load(content, passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _wrong(
            f"the key of {setting} {_problem(content, setting, passphrase, is_body=body is not None)}"
        ) from error
    is_long = isinstance(key, RSAPrivateKey) and key.key_size >= MIN_BITS
    if not (is_long or (isinstance(key, EllipticCurvePrivateKey) and key.curve.name in CURVES)):
        raise _wrong(
            f"the key of {setting} is no RSA key of {MIN_BITS} bits or more, and none of the curves P-256, P-384 and "
            f"P-521; make one: {_MAKE}"
        )
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _mended(content: bytes) -> bytes:
    """Return the key with the line ends that it has lost on its way: what it says stays the same.

    A key that came through one line of an environment variable has them escaped; other editors write \\r\\n.
    """
    return content.replace(b"\\r", b"").replace(b"\\n", b"\n").strip()


def _body(content: bytes) -> bytes | None:
    """Return the DER of a key that is given without the first and the last line of its PEM, as dbt takes it."""
    try:
        der = base64.b64decode(b"".join(content.split()), validate=True)
    except ValueError:
        return None
    return der if der[:1] == b"\x30" else None


def _problem(content: bytes, setting: str, passphrase: str | None, *, is_body: bool) -> str:
    text = content.decode("latin-1")
    for begin, (problem, remedy) in _BEGINS.items():
        if text.startswith(begin) if begin else not text:
            return f"{problem}; {remedy}"
    if text.startswith("-----BEGIN ") and "PRIVATE KEY" in text.partition("\n")[0]:
        return _of_pem("ENCRYPTED" in text, passphrase)
    if content[:1] == b"\x30" and is_body:
        return "{}; {}".format(*_PUBLIC) if _is_public(content) else _of_pem(_ENCRYPTED in content[:40], passphrase)
    if content[:1] == b"\x30":
        return "is DER; turn it into PEM: openssl pkey -inform DER -in KEY -out KEY.p8"
    if setting == "private_key" and len(text) < MIN_BITS // 8:
        return "is no key; if it is a path, set private_key_path instead"
    return "is no private key in PEM, whose first line is -----BEGIN PRIVATE KEY-----; give the whole file"


def _is_public(der: bytes) -> bool:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        load_der_public_key(der)
    except ValueError:
        return False
    return True


def _of_pem(encrypted: bool, passphrase: str | None) -> str:
    if encrypted and not passphrase:
        return "is encrypted; set private_key_passphrase"
    if encrypted:
        return "cannot be read with this private_key_passphrase; correct it"
    if passphrase:
        return "is not encrypted; remove private_key_passphrase"
    return "is damaged; give the whole file, with its line ends"


def registration(key: bytes, user: str) -> str:
    """Return how the public key of a private one is given to its user, and by what one sees that it was."""
    from cryptography.hazmat.primitives import serialization

    public = serialization.load_der_private_key(key, None).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    print_of_key = base64.b64encode(sha256(der).digest()).decode()
    return (
        f"register the key: ALTER USER {user} SET RSA_PUBLIC_KEY = '{base64.b64encode(der).decode()}'; DESC USER then "
        f"shows RSA_PUBLIC_KEY_FP SHA256:{print_of_key}"
    )


def _wrong(text: str) -> ConfigError:
    return ConfigError(text, code="SF-KEY")
