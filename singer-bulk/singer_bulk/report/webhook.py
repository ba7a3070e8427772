"""A run that has failed tells an address on the web: the end of its report, as JSON."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit

import msgspec

from singer_bulk.model.report import RunReport

# All of it: a webhook that hangs keeps a failed run no longer from ending.
MAX_SECONDS = 10.0
_FIELDS = ("run_id", "pipeline_id", "connector", "status", "exit_status", "started_at", "ended_at", "load_count")


def body_of(report: RunReport) -> bytes:
    """Return what is sent: which run, what it came to, and the three lines; `text` is what chats show."""
    failure = report.failure
    text = "" if failure is None else f"{failure.what}\n{failure.in_the_warehouse}\n{failure.what_to_do}"
    name = report.pipeline_id or report.connector
    told: dict[str, Any] = {name: getattr(report, name) for name in _FIELDS}
    told |= {"text": f"{name} has failed: {text}", "failure": failure, "warnings": report.warnings[-10:]}
    return msgspec.json.encode(told)


def post(url: str, body: bytes, max_seconds: float = MAX_SECONDS) -> str | None:
    """Send the body; return what went wrong, None where an answer says that it was taken."""
    outcome: list[str | None] = []
    sending = threading.Thread(target=lambda: outcome.append(_post(url, body, max_seconds)), daemon=True)
    sending.start()
    sending.join(max_seconds)  # a name that is not resolved, or an answer that trickles, knows no time-out
    return outcome[0] if outcome else f"no answer in {max_seconds:g} seconds"


def _post(url: str, body: bytes, max_seconds: float) -> str | None:
    import http.client  # with ssl they cost a plain run 20 ms
    import ssl

    try:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            return "no address that begins with https:// or http://"
        connection: http.client.HTTPConnection
        if address.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(
                address.hostname, address.port, timeout=max_seconds, context=context
            )
        else:
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=max_seconds)
        path = (address.path or "/") + (f"?{address.query}" if address.query else "")
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            status = connection.getresponse().status
        finally:
            connection.close()
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    except (http.client.HTTPException, ValueError) as error:  # whose text may have the path, which is secret
        return f"no address, or no answer of HTTP: {type(error).__name__}"
    return None if status < 300 else f"answer {status}"
