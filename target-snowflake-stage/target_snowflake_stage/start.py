"""The command target-snowflake-stage as it is installed: what it is made of is imported, then it runs."""

from __future__ import annotations

from typing import NoReturn

from singer_bulk.model.start_up import imports


def main() -> NoReturn:
    """Run the command."""
    with imports():
        from target_snowflake_stage.cli import main as run
    run()
