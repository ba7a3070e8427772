"""The command target-redshift-copy."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar, NoReturn

from singer_bulk.cli import BulkTarget
from singer_bulk.cli import main as run_main
from singer_bulk.errors import ConfigError
from singer_bulk.face.connector import Connector
from singer_bulk.model.declared import read
from singer_bulk.model.file_format import MAX_PARTS, FileFormat, FileLayout
from singer_bulk.model.load import Table
from singer_bulk.model.names import DEFAULT_SCHEMA
from singer_bulk.settings.features import features_of
from singer_bulk.stage.s3 import S3Settings, S3Stage
from singer_bulk.warehouse.dialect import Session
from singer_bulk.warehouse.session import Warehouse

from target_redshift_copy.config import (
    DEFAULT_SLICES,
    MAX_SUPER_STRING_BYTES,
    SETTINGS,
    RedshiftLoads,
    RedshiftSettings,
    contradictions,
    of_ini,
)
from target_redshift_copy.copy_access import CopyAccess
from target_redshift_copy.remedies import Remedies
from target_redshift_copy.sql import COUNT_SLICES, Redshift
from target_redshift_copy.types import MAX_VARCHAR_BYTES

MAX_SUPER_BYTES = 16_000_000  # limitations-super: 16 MB
MAX_ROW_BYTES = 4_000_000  # r_COPY: 4 MB, from any source
MAX_FILE_BYTES = 1_000_000_000  # c_best-practices-use-multiple-files: 1 MB to 1 GB, compressed


class TargetRedshiftCopy(BulkTarget):
    """Loads Singer streams into Amazon Redshift by COPY from pipe-delimited files in S3."""

    name = "target-redshift-copy"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS
    loads = RedshiftLoads
    of_ini = staticmethod(of_ini)
    contradictions = staticmethod(contradictions)

    def connector(self) -> Connector:
        """Return the warehouse and the stage that the configuration names."""
        settings, loads = read(RedshiftSettings, self.config), read(self.loads, self.config)
        bucket = read(S3Settings, self.config)
        dialect = Redshift(_access(settings, bucket))
        schema = loads.default_target_schema or DEFAULT_SCHEMA
        ledger = Table(dialect.names.name_for(schema), dialect.fold(loads.ledger_table))
        remedies = Remedies(settings.user, settings.database, features_of(loads), ledger.name)
        return Connector(
            Warehouse(
                lambda: self._connect(settings, remedies),
                dialect,
                ledger,
                create_schema=loads.create_schema,
                lets_see=remedies.seen,
            ),
            S3Stage(bucket, loads.max_memory),
            lambda: file_format(settings.super_string_bytes),
            lambda warehouse: _layout(settings, warehouse),
        )

    def _connect(self, settings: RedshiftSettings, remedies: Remedies) -> Session:
        from target_redshift_copy.session import RedshiftSession

        return RedshiftSession(settings, remedies)


def _layout(settings: RedshiftSettings, warehouse: Warehouse) -> FileLayout:
    """Return one file for each slice of the cluster; raises WarehouseError where the connection is lost."""
    slices = settings.slices
    if slices is None:
        rows = warehouse.ask_if_allowed("counting the slices", COUNT_SLICES)
        slices = (rows and rows[0][0]) or DEFAULT_SLICES
    return FileLayout(min(slices, MAX_PARTS), MAX_FILE_BYTES)


def _access(settings: RedshiftSettings, bucket: S3Settings) -> CopyAccess:
    if settings.iam_role:
        return CopyAccess(settings.iam_role, region=bucket.region)
    if not (bucket.access_key_id and bucket.secret_access_key):
        raise ConfigError(
            "COPY has nothing to read S3 with: keys of the environment or a profile only write the files; "
            "set iam_role, or aws_access_key_id and aws_secret_access_key",
            code="RS-COPY-ACCESS",
        )
    return CopyAccess(None, bucket.access_key_id, bucket.secret_access_key, bucket.session_token, bucket.region)


def file_format(super_string_bytes: int = MAX_SUPER_STRING_BYTES) -> FileFormat:
    """Return the format of one file; a string inside a SUPER has so many bytes at most.

    NULL is a marker of its own, because whether Redshift tells `""` from an empty field, or a quoted marker from a
    bare one, is not documented (copy-parameters-data-format, copy-parameters-data-conversion).
    """
    return FileFormat(
        null=f"@n{secrets.token_hex(8)}@".encode(),
        fraction_digits=6,
        utc=True,
        text_max_bytes=MAX_VARCHAR_BYTES,
        json_max_bytes=MAX_SUPER_BYTES,
        json_string_max_bytes=super_string_bytes,
        row_max_bytes=MAX_ROW_BYTES,
    )


def main() -> NoReturn:
    """Run the command."""
    run_main(TargetRedshiftCopy)
