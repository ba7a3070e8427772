"""A browser with a person before it: opens the address, fills in the form of the page, and goes where that leads."""

from __future__ import annotations

import sys
from pathlib import Path

SCRIPT = """#!{python}
import os
import re
import ssl
import sys
import urllib.parse
import urllib.request

if os.fork():
    sys.exit()  # as the command of a browser that is running already
http = urllib.request.build_opener(
    urllib.request.ProxyHandler({{}}),
    urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile={certificate!r})),
)
page = http.open(sys.argv[1]).read().decode()
(action,) = re.findall('action="([^"]+)"', page)
person = urllib.parse.urlencode({{"user": {user!r}, "password": {password!r}}}).encode()
http.open(urllib.parse.urljoin(sys.argv[1], action), person).read()
with open({visits!r}, "a") as file:
    file.write("visited\\n")
"""


def browser_of(folder: Path, user: str, password: str, certificate: Path | None) -> Path:
    """Return the command of a browser, for the variable BROWSER; `visits` beside it has a line for each login.

    certificate: who vouches for the pages besides those whom this machine trusts.
    """
    path = folder / "browser"
    named = {"certificate": certificate and str(certificate), "user": user, "password": password}
    text = SCRIPT.format(python=sys.executable, visits=str(folder / "visits"), **named)
    path.write_text(text)
    path.chmod(0o700)
    return path


def visits(folder: Path) -> int:
    """Return how often somebody signed in with the browser of the folder."""
    path = folder / "visits"
    return len(path.read_text().splitlines()) if path.exists() else 0
