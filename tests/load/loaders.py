"""What the tests of whole targets share: either target, its configuration, and a look into its warehouse."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.conftest import S3, Run


@dataclass(frozen=True)
class Loader:
    """One of the two targets, ready to run against its stand-in."""

    command: str
    config: dict[str, Any]
    s3: S3
    _run: Callable[..., Run]
    _query: Callable[[str], list[tuple[Any, ...]]]

    def load(
        self,
        *messages: Mapping[str, Any] | str,
        variables: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        **changes: Any,
    ) -> Run:
        """Run the target over the messages (a str is a line as it stands), with changes to its configuration."""
        lines = [message if isinstance(message, str) else json.dumps(message) for message in messages]
        text = "".join(line + "\n" for line in lines)
        config = {name: value for name, value in {**self.config, **changes}.items() if value is not None}
        return self._run(self.command, config, text.encode(), *arguments, variables=variables)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query; `{schema}` stands for the schema of this test."""
        return self._query(sql.format(schema=self.config["default_target_schema"]))

    def table_exists(self, table: str) -> bool:
        """Return whether the schema of this test has the table."""
        schema = self.config["default_target_schema"]
        return bool(
            self._query(
                "SELECT 1 FROM information_schema.tables "
                f"WHERE lower(table_schema) = lower('{schema}') AND lower(table_name) = lower('{table}')"
            )
        )

    def columns(self, table: str) -> list[str]:
        """Return the names of the table's columns, in its order."""
        schema = self.config["default_target_schema"]
        found = self._query(
            "SELECT column_name FROM information_schema.columns WHERE lower(table_schema) = "
            f"lower('{schema}') AND lower(table_name) = lower('{table}') ORDER BY ordinal_position"
        )
        return [name for (name,) in found]

    def staged_keys(self) -> list[str]:
        """Return the keys under this test's prefix."""
        return self.s3.keys(self.config["s3_key_prefix"])
