"""What the steps stand on and hand on: the configuration, the bucket, the warehouse, and what is to be cleaned up."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from singer_bulk.doctor.settings import Examined
from singer_bulk.doctor.steps import PROBE, NotTried, Outcome, Step
from singer_bulk.errors import BulkError
from singer_bulk.face.connector import Connector
from singer_bulk.face.questions import AnsweringTarget
from singer_bulk.model.declared import read
from singer_bulk.model.load import Table
from singer_bulk.model.rights import Feature, Right
from singer_bulk.model.runtime import STANDARD, Runtime
from singer_bulk.settings.features import features_of
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.examined import ExaminedBucket
from singer_bulk.stage.keys import StagedNames
from singer_bulk.stage.rights import policy
from singer_bulk.stage.s3 import S3Settings, S3Stage
from singer_bulk.warehouse.dialect import Session
from singer_bulk.warehouse.session import Warehouse

logger = logging.getLogger(__name__)

KEY_ARN = "<the ARN of the KMS key>"


@dataclass(frozen=True)
class OfWarehouse:
    """What a target brings: its table of steps, and what the shared steps ask of it.

    sign_in: settings that signing in stands on, of_copy: those that COPY stands on besides; placeholders: what stands
    for settings that are missing. needs_region: whether COPY is told where the bucket is; reads_as_writer: whether who
    reads for it is who writes the files.
    """

    steps: tuple[Step[Ground], ...]
    sign_in: frozenset[str]
    placeholders: Mapping[str, Any]
    of_copy: frozenset[str]
    needs_region: bool
    reads_as_writer: Callable[[Mapping[str, Any]], bool]


@dataclass
class Ground:
    """Of one run of the doctor."""

    examined: Examined
    own: OfWarehouse
    runtime: Runtime = STANDARD
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    kms_key: str | None = None  # under which S3 has put what was written
    schema: str | None = None  # made for this run, where the real one is yet to be made
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)  # of the steps before
    left: dict[str, Callable[[], None]] = field(default_factory=dict)  # what is to be removed -> how

    @cached_property
    def target(self) -> AnsweringTarget:
        """The target of what is right in the configuration."""
        if self.examined.target is None:
            raise NotTried("needs 'settings', which failed")
        return self.examined.target

    @property
    def config(self) -> Mapping[str, Any]:
        """Its settings, with defaults."""
        return self.target.config

    @cached_property
    def loads(self) -> LoadSettings:
        """What is set of loads."""
        return self.target.load_settings()

    @cached_property
    def features(self) -> frozenset[Feature]:
        """What this configuration asks for."""
        return features_of(self.loads)

    @cached_property
    def bucket(self) -> S3Settings:
        """Where the bucket is, and who writes."""
        return read(S3Settings, self.config)

    @cached_property
    def connector(self) -> Connector:
        """Warehouse and stage as a load has them; raises ConfigError."""
        return self.target.connector()

    @cached_property
    def stage(self) -> S3Stage:
        """The stage as a load has it."""
        return S3Stage(self.bucket, self.loads.max_memory, self.runtime)

    @cached_property
    def examined_bucket(self) -> ExaminedBucket:
        """The bucket, asked by who writes the files."""
        return ExaminedBucket(self.bucket, self.stage.identity)

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse as a load has it; in another schema where the doctor has made one."""
        return self.connector.warehouse

    @property
    def session(self) -> Session:
        """The session, opened when it is first needed; raises BulkError."""
        return self.warehouse.session

    @cached_property
    def started_at(self) -> datetime:
        """When this run began."""
        return self.runtime.now()

    @cached_property
    def names(self) -> StagedNames:
        """The keys of this run: named as those of loads, so that `sweep_after_hours` removes what a killed one left."""
        return StagedNames(self.loads.s3_key_prefix, self.started_at, self.run_id)

    @cached_property
    def key(self) -> str:
        """The key of a small object."""
        return self.names.for_rows(PROBE)

    def table(self, suffix: str = "") -> Table:
        """Return a table that nobody else has."""
        dialect, ledger = self.warehouse.dialect, self.warehouse.ledger
        return Table(ledger.schema, dialect.fold(f"{PROBE}_{self.run_id[:12]}{suffix}"))

    def in_schema(self, schema: str) -> None:
        """Go on in a schema that was made for this run; the session stays."""
        session, config = self.session, {**self.config, "default_target_schema": schema}
        self.target = type(self.target)(config=config)
        self.connector = self.target.connector()
        self.connector.warehouse.go_on_in(session)
        self.schema = schema

    def policy(self, rights: list[Right], key: str | None = None) -> dict[str, Any]:
        """Return the policy of IAM that grants these, for the bucket and the prefix of this configuration."""
        prefix = self.loads.s3_key_prefix.strip("/")
        return policy(rights, self.bucket.bucket, prefix, key or self.kms_key or KEY_ARN)

    def clean_up(self) -> list[str]:
        """Remove what this run has made, the newest first; return what stays, and why."""
        stays = []
        for what, remove in reversed(list(self.left.items())):
            try:
                remove()
                del self.left[what]
            except Exception as error:  # of whatever kind: the rest is removed all the same
                stays.append(f"{what}: {error.text if isinstance(error, BulkError) else error}")
        return stays

    def close(self) -> None:
        """End the session."""
        if "connector" in self.__dict__:
            self.connector.warehouse.close()
