"""Is there somebody at the address of the warehouse, and is it whom the certificate names? Before any sign-in."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from singer_bulk.doctor.steps import Trouble

CONNECT_SECONDS = 10.0
# What a client of PostgreSQL's protocol sends to begin TLS, and the one byte that says yes.
# https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-SSLREQUEST
POSTGRES_TLS, YES = bytes.fromhex("0000000804d2162f"), b"S"


@dataclass(frozen=True)
class Endpoint:
    """Where the warehouse is; what the settings call it, for remedies."""

    host: str
    port: int
    settings: str


def proxy_for(host: str) -> tuple[str, int] | None:
    """Return the proxy that HTTPS requests to the host take, by the environment; None for none."""
    proxy = getproxies().get("https")
    if not proxy or proxy_bypass(host):
        return None
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return (parts.hostname or "", parts.port or 80)


def reached(endpoint: Endpoint, proxy: tuple[str, int] | None = None) -> str:
    """Open a connection to the endpoint, or to the proxy before it; raises Trouble."""
    host, port = proxy or (endpoint.host, endpoint.port)
    try:
        with socket.create_connection((host, port), CONNECT_SECONDS) as connection:
            at = connection.getpeername()[0]
    except OSError as error:
        raise _away(endpoint, proxy, error) from error
    return f"{host}:{port} answers" + ("" if at == host else f", at {at}") + (", a proxy" if proxy else "")


def _away(endpoint: Endpoint, proxy: tuple[str, int] | None, error: OSError) -> Trouble:
    text = "nobody answers" if isinstance(error, TimeoutError) else str(error.strerror or error)
    if proxy:
        return Trouble(
            f"the proxy {proxy[0]}:{proxy[1]} is not reached: {text}",
            "correct HTTPS_PROXY of the environment, or name the host in NO_PROXY",
        )
    if isinstance(error, socket.gaierror):
        return Trouble(f"there is no host {endpoint.host!r}: {text}", f"correct {endpoint.settings}")
    let = "let the network through: security group, route, firewall, or public access"
    if isinstance(error, ConnectionRefusedError):
        return Trouble(
            f"{endpoint.host}:{endpoint.port}: {text}: nobody listens there", f"correct {endpoint.settings}, or {let}"
        )
    return Trouble(f"{endpoint.host}:{endpoint.port}: {text}", f"{let}; or correct {endpoint.settings}")


def certificate(endpoint: Endpoint, authorities: str | None, *, begin: bytes = b"", name: bool = True) -> str:
    """Return whose certificate is shown; raises Trouble where it cannot be trusted, or is for another name.

    authorities: a file of those that are trusted; None to trust all. begin: what is sent to ask for TLS. Raises
    NoTls where the server has none.
    """
    try:
        context = _context(authorities, name=name)
        with socket.create_connection((endpoint.host, endpoint.port), CONNECT_SECONDS) as connection:
            if begin:
                connection.sendall(begin)
                if connection.recv(1) != YES:
                    raise NoTls
            with context.wrap_socket(connection, server_hostname=endpoint.host) as secure:
                version, shown = secure.version(), secure.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(endpoint, error) from error
    except OSError as error:
        raise Trouble(
            f"TLS with {endpoint.host}:{endpoint.port} fails: {error.strerror or error}",
            "see what stands between: a proxy, a tunnel or a load balancer may speak no TLS",
        ) from error
    names = [str(one[1]) for one in shown.get("subjectAltName", ()) if one[0] == "DNS"]
    until = f", until {shown['notAfter']}" if "notAfter" in shown else ""
    return f"{version}, " + (f"certificate for {', '.join(names[:3])}{until}" if names else "not verified")


class NoTls(Exception):
    """The server speaks no TLS."""


def _context(authorities: str | None, *, name: bool) -> ssl.SSLContext:
    if authorities is None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    path = os.path.expanduser(authorities)
    if not os.path.isfile(path):
        raise Trouble(
            f"sslrootcert {path!r} cannot be read: No such file",
            "correct sslrootcert, or leave it out: then the public authorities are trusted",
        )
    try:
        context = ssl.create_default_context(cafile=path)
    except ssl.SSLError as error:
        raise Trouble(f"sslrootcert {path!r} has no certificates: {error.reason}", "correct sslrootcert") from error
    context.check_hostname = name
    return context


def _untrusted(endpoint: Endpoint, error: ssl.SSLCertVerificationError) -> Trouble:
    why = error.verify_message
    if "ostname mismatch" in why or "IP address mismatch" in why:
        return Trouble(
            f"the certificate is for another name than {endpoint.host!r}: {why}",
            "set host to the name that the certificate is for; through a tunnel sslmode verify-ca looks at the "
            "authority alone",
        )
    if "expired" in why or "not yet valid" in why:
        return Trouble(f"the certificate of {endpoint.host}: {why}", "set the clock right, or have it renewed")
    return Trouble(
        f"the certificate of {endpoint.host} is signed by nobody who is trusted: {why}",
        "check sslmode and sslrootcert: sslrootcert names the file with the authority that has signed it",
    )
