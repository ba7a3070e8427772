"""The command target-snowflake-stage."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from singer_bulk.cli import BulkTarget, Connector, s3_settings
from singer_bulk.cli import main as run_main
from singer_bulk.model.file_format import FileFormat, FileLayout
from singer_bulk.model.load import Table
from singer_bulk.model.names import DEFAULT_SCHEMA
from singer_bulk.stage.s3 import S3Stage
from singer_bulk.warehouse.dialect import Session
from singer_bulk.warehouse.session import Warehouse

from target_snowflake_stage.config import INI_NAMES, SETTINGS
from target_snowflake_stage.objects import make_objects, place_of
from target_snowflake_stage.sql import Snowflake
from target_snowflake_stage.types import DEFAULT_VARCHAR_CHARACTERS

MAX_VARIANT_BYTES = 16 << 20  # data-load-considerations-prepare: what every driver reads; 128 MB since 2025

MAX_FILE_BYTES = 250_000_000  # data-load-considerations-prepare: 100 to 250 MB, compressed


class TargetSnowflakeStage(BulkTarget):
    """Loads Singer streams into Snowflake by COPY INTO from an external stage over S3."""

    name = "target-snowflake-stage"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS
    ini_names = INI_NAMES

    def connector(self) -> Connector:
        """Return the warehouse and the stage that the configuration names."""
        stage = S3Stage(s3_settings(self.config), self.config["max_memory"])
        dialect = self._dialect()
        schema = dialect.fold(self.config.get("default_target_schema") or DEFAULT_SCHEMA)
        ledger = Table(schema, dialect.fold(self.config["ledger_table"]))
        warehouse = Warehouse(self._connect, dialect, ledger)
        warehouse.prepare = lambda session: make_objects(session, dialect, self.config)
        return Connector(warehouse, stage, file_format, lambda _: FileLayout(max_bytes=MAX_FILE_BYTES))

    def _connect(self) -> Session:
        from target_snowflake_stage.session import SnowflakeSession

        return SnowflakeSession(self.config)

    def _dialect(self) -> Snowflake:
        config = self.config
        database = str(config["database"]).upper()
        schema = str(config.get("default_target_schema") or DEFAULT_SCHEMA).upper()
        prefix = (config.get("s3_key_prefix") or "").strip("/")
        return Snowflake(
            database,
            stage=place_of(config["stage"], database, schema, str.upper),
            file_format=place_of(config["file_format"], database, schema, str.upper),
            prefix=f"{prefix}/" if prefix else "",
        )


def file_format() -> FileFormat:
    """Return the format of every file: an empty field is NULL, `""` is the empty string."""
    return FileFormat(
        null=b"",
        fraction_digits=9,
        utc=False,
        text_max_bytes=DEFAULT_VARCHAR_CHARACTERS,
        json_max_bytes=MAX_VARIANT_BYTES,
    )


def main() -> NoReturn:
    """Run the command."""
    run_main(TargetSnowflakeStage)
