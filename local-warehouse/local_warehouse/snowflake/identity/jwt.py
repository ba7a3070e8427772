"""JSON Web Tokens: made, and verified by signature and claims.

https://www.rfc-editor.org/rfc/rfc7519 https://www.rfc-editor.org/rfc/rfc7518
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

# Algorithm -> hash, and the curve of its keys; none: RSA.
_ALGORITHMS: dict[str, tuple[Any, type[ec.EllipticCurve] | None]] = {
    "RS256": (hashes.SHA256(), None),
    "ES256": (hashes.SHA256(), ec.SECP256R1),
    "ES384": (hashes.SHA384(), ec.SECP384R1),
}
# How far two clocks may be apart.
SKEW_SECONDS = 60


class TokenError(Exception):
    """The token is none, or not what it should be."""


class TokenExpiredError(TokenError):
    """The token was right, and has ended."""


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def load_key(text: str) -> Any:
    """A public key, as PEM or as the base64 of its DER."""
    return load_pem_public_key(text.encode()) if "BEGIN" in text else load_der_public_key(base64.b64decode(text))


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, what is signed, and the signature."""
    try:
        head, body, tail = token.split(".")
        header, claims = json.loads(decoded(head)), json.loads(decoded(body))
        signature = decoded(tail)
    except ValueError:
        raise TokenError("no JWT") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise TokenError("no JWT")
    return header, claims, f"{head}.{body}".encode(), signature


def is_signed_by(key: Any, algorithm: Any, signed: bytes, signature: bytes) -> bool:
    """Whether the key has signed it by an algorithm of the list: never `none`, never a secret that both sides have."""
    if algorithm not in _ALGORITHMS:
        return False
    digest, curve = _ALGORITHMS[algorithm]
    try:
        if curve is None:
            if not isinstance(key, rsa.RSAPublicKey) or key.key_size < 2048:
                return False
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        else:
            if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, curve):
                return False
            half = (key.curve.key_size + 7) // 8
            if len(signature) != 2 * half:
                return False
            r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


def verified(token: str, keys: Iterable[Any], issuer: str, audiences: Iterable[str], now: float) -> dict[str, Any]:
    """The claims of a token that one of the keys has signed, of this issuer, for one of these audiences, that is valid.

    TokenExpiredError, TokenError else.
    """
    header, claims, signed, signature = parts(token)
    if not any(is_signed_by(key, header.get("alg"), signed, signature) for key in keys):
        raise TokenError("signature")
    given = claims.get("aud")
    if claims.get("iss") != issuer or not {*(given if isinstance(given, list) else [given])} & {*audiences}:
        raise TokenError("issuer or audience")
    try:
        begins, ends = float(claims.get("nbf", claims.get("iat", 0))), float(claims["exp"])
    except (KeyError, TypeError, ValueError):
        raise TokenError("times") from None
    if begins - SKEW_SECONDS > now:
        raise TokenError("not yet valid")
    if ends <= now:
        raise TokenExpiredError("expired")
    return claims


def sign(claims: dict[str, Any], key: rsa.RSAPrivateKey) -> str:
    """A token of these claims, by RS256."""
    head = encoded(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
    signed = f"{head}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
