"""The child process: settings from stdin, a ready line when it serves, ends with its input."""

from __future__ import annotations

import os
import sys

from local_warehouse import child
from local_warehouse.snowflake.serve.server import serve

# Documents may have any number of levels; what reads them here takes a step of the stack for each.
LEVELS = 5_000


def main() -> None:
    os.umask(0o077)  # the database holds the keys of stages
    sys.setrecursionlimit(LEVELS)
    settings = child.settings()
    server, thread = serve(settings)
    close_admin = server.warehouse.administer(settings["admin_socket"]) if settings.get("admin_socket") else None
    child.ready(host="127.0.0.1", port=server.server_address[1])
    child.wait_for_end()
    if close_admin is not None:
        close_admin()
    server.shutdown()
    thread.join()
    server.warehouse.close()
    sys.stderr.flush()
    os._exit(0)  # DuckDB's Python functions would complain about the order of their end


if __name__ == "__main__":
    main()
