"""The command target-snowflake-stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from singer_bulk.cli import BulkTarget
from singer_bulk.cli import main as run_main
from singer_bulk.face.connector import Connector
from singer_bulk.identity.references import resolved
from singer_bulk.model.declared import read
from singer_bulk.model.file_format import FileFormat, FileLayout
from singer_bulk.model.label import Label
from singer_bulk.model.load import Table
from singer_bulk.model.names import DEFAULT_SCHEMA
from singer_bulk.settings.features import features_of
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.s3 import S3Settings, S3Stage
from singer_bulk.warehouse.dialect import Session, look_seconds
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.words import name

from target_snowflake_stage.config import SETTINGS, SnowflakeLoads, SnowflakeSettings, contradictions, of_ini
from target_snowflake_stage.objects import make_objects, place_of
from target_snowflake_stage.parameters import TAG_CHARACTERS
from target_snowflake_stage.remedies import Remedies
from target_snowflake_stage.sql import NAMES, Snowflake
from target_snowflake_stage.types import DEFAULT_VARCHAR_CHARACTERS

if TYPE_CHECKING:
    from singer_bulk.doctor.ground import OfWarehouse
    from singer_bulk.doctor.setup import Setup

MAX_VARIANT_BYTES = 16 << 20  # data-load-considerations-prepare: what every driver reads; 128 MB since 2025

MAX_FILE_BYTES = 250_000_000  # data-load-considerations-prepare: 100 to 250 MB, compressed


class TargetSnowflakeStage(BulkTarget):
    """Loads Singer streams into Snowflake by COPY INTO from an external stage over S3."""

    name = "target-snowflake-stage"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS
    loads = SnowflakeLoads
    of_ini = staticmethod(of_ini)
    contradictions = staticmethod(contradictions)

    @classmethod
    def of_doctor(cls) -> OfWarehouse:
        """Return the steps of `--doctor`."""
        from target_snowflake_stage.doctor import of_doctor

        return of_doctor()

    def of_setup(self) -> Setup:
        """Return what `--setup-sql` prints."""
        from target_snowflake_stage.setup import of_setup

        return of_setup(self)

    def connector(self) -> Connector:
        """Return the warehouse and the stage that the configuration names."""
        settings, loads = read(SnowflakeSettings, self.config), read(self.loads, self.config)
        bucket = read(S3Settings, self.config)
        # A reference that leads nowhere ends the run here, before the input is read.
        user = resolved(settings).user
        for others in (bucket, loads):
            resolved(others)
        return self._made(settings, loads, bucket, user)

    def planned(self) -> Connector:
        """Return the same without asking anybody."""
        settings, loads = read(SnowflakeSettings, self.config), read(self.loads, self.config)
        return self._made(settings, loads, read(S3Settings, self.config), settings.user)

    def _made(self, settings: SnowflakeSettings, loads: SnowflakeLoads, bucket: S3Settings, user: str) -> Connector:
        dialect = _dialect(settings, loads)
        schema = dialect.names.name_for(loads.default_target_schema or DEFAULT_SCHEMA)
        ledger = dialect.fold(loads.ledger_table)
        remedies = Remedies(settings.role, settings.warehouse, user, dialect.database, features_of(loads), ledger)
        label = Label(settings.query_tag, TAG_CHARACTERS)
        warehouse = Warehouse(
            lambda: self._connect(settings, remedies, loads.lock_wait_seconds, label),
            dialect,
            Table(schema, ledger),
            create_schema=loads.create_schema,
            lets_see=lambda schema: remedies.seen(f"{name(dialect.database)}.{name(schema)}"),
            label=label,
            prepare=lambda session: make_objects(session, dialect, settings, bucket),
        )
        stage = S3Stage(bucket, loads.max_memory)
        return Connector(
            warehouse,
            stage,
            file_format,
            lambda _: FileLayout(max_bytes=MAX_FILE_BYTES),
            f"snowflake://{settings.account}",
            dialect.database,
        )

    def _connect(self, settings: SnowflakeSettings, remedies: Remedies, wait_seconds: float, label: Label) -> Session:
        from target_snowflake_stage.session import SnowflakeSession

        return SnowflakeSession(settings, remedies, look_seconds(wait_seconds), label)


def _dialect(settings: SnowflakeSettings, loads: LoadSettings) -> Snowflake:
    # By the rules that the tables have, which fold ASCII alone: Python makes SS of a sharp s, another schema.
    database = NAMES.fold(settings.database)
    schema = NAMES.name_for(loads.default_target_schema or DEFAULT_SCHEMA)
    prefix = loads.s3_key_prefix.strip("/")
    return Snowflake(
        database,
        stage=place_of(settings.stage, database, schema, NAMES.fold),
        file_format=place_of(settings.file_format, database, schema, NAMES.fold),
        prefix=f"{prefix}/" if prefix else "",
        copies_at_once=settings.parallel_copies,
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
