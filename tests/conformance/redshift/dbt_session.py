"""Run by another environment's Python in a project's folder: the commands of dbt that are named, in one process."""

from __future__ import annotations

import sys

from dbt.cli.main import dbtRunner


def main() -> int:
    dbt = dbtRunner()
    for command in sys.argv[1:]:
        if not dbt.invoke([command, "--profiles-dir", ".", "--no-use-colors"]).success:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
