"""The second factor: a passcode of an app, or one that was planted, and the token that spares the next one.

https://www.rfc-editor.org/rfc/rfc6238 https://docs.snowflake.com/en/user-guide/security-mfa
"""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from dataclasses import dataclass, field

STEP_SECONDS, DIGITS = 30, 6
# How long a token that spares the passcode lasts (security-mfa: at most four hours).
TOKEN_SECONDS = 14_400


def totp(secret: str, now: float) -> str:
    """The passcode that an app shows at a time."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    digest = hmac.new(key, struct.pack(">Q", int(now) // STEP_SECONDS), "sha1").digest()
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


@dataclass
class Factor:
    """The second factor of a user. A passcode counts once."""

    totp_secret: str | None = None
    passcode: str | None = None
    used: set[str] = field(default_factory=set)
    tokens: dict[str, float] = field(default_factory=dict)

    def takes(self, passcode: str, now: float) -> bool:
        """Whether it is the passcode of now, or of half a minute before or after, and is new."""
        if self.totp_secret is None:
            return self.passcode is not None and hmac.compare_digest(self.passcode.encode(), passcode.encode())
        right = {totp(self.totp_secret, now + step) for step in (-STEP_SECONDS, 0, STEP_SECONDS)}
        if passcode not in right or passcode in self.used:
            return False
        self.used = (self.used & right) | {passcode}
        return True

    def token(self, now: float) -> str:
        """A token that stands for a passcode."""
        made = secrets.token_urlsafe(24)
        self.tokens[made] = now + TOKEN_SECONDS
        return made

    def takes_token(self, token: str, now: float) -> bool:
        """Whether it is one of these tokens, and lasts."""
        return any(hmac.compare_digest(known, token) and ends > now for known, ends in self.tokens.items())
