"""The command target-redshift-copy."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from singer_bulk.cli import BulkTarget
from singer_bulk.cli import main as run_main
from singer_bulk.errors import ConfigError
from singer_bulk.face.connector import Connector
from singer_bulk.identity.aws import AwsKeys
from singer_bulk.identity.references import resolved
from singer_bulk.model.declared import read
from singer_bulk.model.file_format import MAX_PARTS, FileFormat, FileLayout
from singer_bulk.model.label import Label
from singer_bulk.model.load import Table
from singer_bulk.model.names import DEFAULT_SCHEMA
from singer_bulk.settings.features import features_of
from singer_bulk.settings.secrets import masks
from singer_bulk.stage.s3 import S3Settings, S3Stage
from singer_bulk.warehouse.dialect import Session
from singer_bulk.warehouse.session import Warehouse

from target_redshift_copy.config import (
    DEFAULT_SLICES,
    GROUP_CHARACTERS,
    MAX_SUPER_STRING_BYTES,
    SETTINGS,
    RedshiftLoads,
    RedshiftSettings,
    contradictions,
    of_ini,
)
from target_redshift_copy.copy_access import CopyAccess
from target_redshift_copy.remedies import Remedies
from target_redshift_copy.sign_in import SignIn
from target_redshift_copy.sql import COUNT_SLICES, Redshift
from target_redshift_copy.types import MAX_VARCHAR_BYTES

if TYPE_CHECKING:
    from singer_bulk.doctor.ground import OfWarehouse
    from singer_bulk.doctor.setup import Setup

logger = logging.getLogger(__name__)

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

    @classmethod
    def of_doctor(cls) -> OfWarehouse:
        """Return the steps of `--doctor`."""
        from target_redshift_copy.doctor import of_doctor

        return of_doctor()

    def of_setup(self) -> Setup:
        """Return what `--setup-sql` prints."""
        from target_redshift_copy.setup import of_setup

        return of_setup(self)

    def connector(self) -> Connector:
        """Return the warehouse and the stage that the configuration names."""
        settings, loads = read(RedshiftSettings, self.config), read(self.loads, self.config)
        bucket = read(S3Settings, self.config)
        # A reference that leads nowhere ends the run here, before the input is read.
        user = resolved(settings).user
        for others in (bucket, loads):
            resolved(others)
        return self._made(settings, loads, bucket, user, _access)

    def planned(self) -> Connector:
        """Return the same without asking anybody."""
        settings, loads = read(RedshiftSettings, self.config), read(self.loads, self.config)
        return self._made(settings, loads, read(S3Settings, self.config), settings.user, _planned_access)

    def _made(
        self, settings: RedshiftSettings, loads: RedshiftLoads, bucket: S3Settings, user: str | None, access: Access
    ) -> Connector:
        stage = S3Stage(bucket, loads.max_memory)
        dialect = Redshift(access(settings, bucket, stage))
        schema = loads.default_target_schema or DEFAULT_SCHEMA
        ledger = Table(dialect.names.name_for(schema), dialect.fold(loads.ledger_table))
        remedies = Remedies(user or "", settings.database or "", features_of(loads), ledger.name)
        sign_in, label = SignIn(settings), Label(settings.query_group, GROUP_CHARACTERS)
        return Connector(
            Warehouse(
                lambda: self._connect(settings, sign_in, remedies, label),
                dialect,
                ledger,
                create_schema=loads.create_schema,
                lets_see=lambda schema: _known(remedies, sign_in).seen(schema),
                label=label,
            ),
            stage,
            lambda: file_format(settings.super_string_bytes),
            lambda warehouse: _layout(settings, warehouse),
            f"redshift://{settings.host or settings.cluster_identifier or settings.workgroup_name}:{settings.port}",
            settings.database or "",
        )

    def _connect(self, settings: RedshiftSettings, sign_in: SignIn, remedies: Remedies, label: Label) -> Session:
        from target_redshift_copy.session import RedshiftSession

        return RedshiftSession(settings, sign_in, remedies, label)


def _known(remedies: Remedies, sign_in: SignIn) -> Remedies:
    """Return the remedies for the user that has signed in, whom IAM or a secret has named."""
    return remedies if sign_in.last is None else remedies.of(sign_in.last.account, sign_in.last.place.database)


def _layout(settings: RedshiftSettings, warehouse: Warehouse) -> FileLayout:
    """Return one file for each slice of the cluster; raises WarehouseError where the connection is lost."""
    slices = settings.slices
    if slices is None:
        rows = warehouse.ask_if_allowed("counting the slices", COUNT_SLICES)
        slices = (rows and rows[0][0]) or DEFAULT_SLICES
    return FileLayout(min(slices, MAX_PARTS), MAX_FILE_BYTES)


Access = Callable[[RedshiftSettings, S3Settings, S3Stage], CopyAccess]


def _planned_access(settings: RedshiftSettings, bucket: S3Settings, stage: S3Stage) -> CopyAccess:
    """Return what COPY would read S3 with; keys stay where they are."""
    return CopyAccess(settings.iam_role, lambda: AwsKeys("***", "***", None), bucket.region)


def _access(settings: RedshiftSettings, bucket: S3Settings, stage: S3Stage) -> CopyAccess:
    if settings.iam_role:
        return CopyAccess(settings.iam_role, region=bucket.region)
    logger.warning(
        "COPY is given keys of who writes the files, in the text of its statement: a role is better, set iam_role"
    )
    return CopyAccess(None, lambda: _copy_keys(stage), bucket.region)


def _copy_keys(stage: S3Stage) -> AwsKeys:
    """Return the keys of who writes the files as they are now; raises ConfigError."""
    try:
        keys = stage.identity.keys()
    except ConfigError as error:
        raise ConfigError(
            f"COPY has nothing to read S3 with: {error.text}; or set iam_role", code="RS-COPY-ACCESS"
        ) from error
    masks.hide(filter(None, (keys.secret_access_key, keys.session_token)))
    return keys


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
