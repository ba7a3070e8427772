"""A person signs in by a browser: the page of an identity provider asks who it is, and sends it back with a token.

The connector gets an address and a proof key, opens the address in a browser, and waits at a port of its own for a
token, which proves the person together with the key. Here the identity provider is a page of this server that asks for
user and password; of an account it is another server, whose answer is SAML.

https://docs.snowflake.com/en/user-guide/admin-security-fed-auth-use
"""

from __future__ import annotations

import hmac
import html
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from local_warehouse.snowflake.identity.clock import Clock

PAGE_PATH = "/sso/saml2"
# How long an address that was given out leads anywhere, and the token after it, is in no page; two minutes are enough
# for a person. A token that is kept lasts four hours (admin-security-fed-auth-use, connection caching).
PAGE_SECONDS, TOKEN_SECONDS, KEPT_SECONDS = 120, 120, 14_400
FORM = """<!doctype html><title>Sign in</title><p>{said}</p>
<form method="post" action="{action}"><input name="user"><input name="password" type="password"><button>Sign in</button>
</form>
"""


@dataclass
class _Visit:
    """A login that has begun: whoever has the proof key may use the token that comes back."""

    proof_key: str
    port: int
    ends: float
    person: str = ""


@dataclass
class Browsers:
    """The logins by a browser. Each token counts once.

    `address` is where browsers find the pages of this server, if it is not its own address: connectors of 5.x open
    https:// alone.
    """

    clock: Clock
    address: str = ""
    pages: dict[str, _Visit] = field(default_factory=dict)
    tokens: dict[str, _Visit] = field(default_factory=dict)
    kept: dict[str, tuple[str, float]] = field(default_factory=dict)

    def begin(self, data: Mapping[str, Any], address: str) -> dict[str, Any]:
        """What the connector needs to open a browser; `address` is this server's own."""
        page, proof_key = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        port = int(data.get("BROWSER_MODE_REDIRECT_PORT") or 0)
        self.pages[page] = _Visit(proof_key, port, self.clock.now() + PAGE_SECONDS)
        url = f"{self.address or address}{PAGE_PATH}?{urlencode({'page': page})}"
        return {"ssoUrl": url, "proofKey": proof_key, "tokenUrl": None}

    def answer(self, page: str, sent: bytes, passwords: Mapping[str, str]) -> tuple[int, dict[str, str], str]:
        """Status, headers and text of the identity provider's page; `passwords` are those of its people."""
        visit = self.pages.get(page)
        if visit is None or visit.ends <= self.clock.now():
            return 404, {}, "<!doctype html><p>This login is over.</p>"
        action = html.escape(f"{PAGE_PATH}?{urlencode({'page': page})}")
        if not sent:
            return 200, {}, FORM.format(said="Who are you?", action=action)
        given = {name: values[0] for name, values in parse_qs(sent.decode("utf-8", "replace")).items()}
        person = given.get("user", "").upper()
        right = passwords.get(person)
        if right is None or not hmac.compare_digest(right.encode(), given.get("password", "").encode()):
            return 401, {}, FORM.format(said="User or password is wrong.", action=action)
        del self.pages[page]
        token = secrets.token_urlsafe(32)
        self.tokens[token] = _Visit(visit.proof_key, visit.port, self.clock.now() + TOKEN_SECONDS, person)
        return 302, {"Location": f"http://localhost:{visit.port}/?{urlencode({'token': token})}"}, ""

    def person(self, token: str, proof_key: str) -> str | None:
        """Who signed in, if token and proof key belong together; the token is used up."""
        visit = self.tokens.pop(token, None)
        if visit is None or visit.ends <= self.clock.now():
            return None
        return visit.person if hmac.compare_digest(visit.proof_key.encode(), proof_key.encode()) else None

    def keep(self, person: str) -> str:
        """A token that spares the browser next time."""
        made = secrets.token_urlsafe(32)
        self.kept[made] = (person, self.clock.now() + KEPT_SECONDS)
        return made

    def person_kept(self, token: str) -> str | None:
        """Whose token this is, if it lasts."""
        for known, (person, ends) in self.kept.items():
            if hmac.compare_digest(known.encode(), token.encode()) and ends > self.clock.now():
                return person
        return None
