"""The child process: settings from stdin, a ready line when it serves, ends with its input."""

from __future__ import annotations

import os
import sys

from local_warehouse import child
from local_warehouse.snowflake.server import serve


def main() -> None:
    server, thread = serve(child.settings())
    child.ready(host="127.0.0.1", port=server.server_address[1])
    child.wait_for_end()
    server.shutdown()
    thread.join()
    server.warehouse.close()
    sys.stderr.flush()
    os._exit(0)  # DuckDB's Python functions would complain about the order of their end


if __name__ == "__main__":
    main()
