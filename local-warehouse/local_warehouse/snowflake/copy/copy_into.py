"""COPY INTO <table>: list, skip what is loaded, read and convert outside the transaction, then one INSERT.

1. the statement's options, the stage and its rights        4. ON_ERROR decides
2. the files, less those that the load metadata knows       5. rows and load metadata in the session's transaction
3. each file: bytes, text, rows, converted columns          6. PURGE
https://docs.snowflake.com/en/sql-reference/sql/copy-into-table
"""

from __future__ import annotations

import re
import time
from typing import Any

from local_warehouse.s3.objects import Found
from local_warehouse.snowflake.bind.results import COPY, Result, status
from local_warehouse.snowflake.bind.session import Session
from local_warehouse.snowflake.copy import locations, validation
from local_warehouse.snowflake.copy.columns import Plan, make_plan
from local_warehouse.snowflake.copy.files import FileLoad, load_file
from local_warehouse.snowflake.errors import SqlError, Unsupported, compilation, invalid_parameter
from local_warehouse.snowflake.grammar.file_format import DEFAULTS
from local_warehouse.snowflake.grammar.lexer import NAME
from local_warehouse.snowflake.grammar.properties import Properties, read
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects import ddl_objects
from local_warehouse.snowflake.objects.clustering import check_copy
from local_warehouse.snowflake.rows.dml import target_columns, target_table
from local_warehouse.snowflake.store.catalog import Entry
from local_warehouse.snowflake.store.stages import Location, missing_file
from local_warehouse.snowflake.store.work import Step
from local_warehouse.snowflake.values.types import TEXT, number

N = number(38, 0)
RESULT = {
    "file": TEXT, "status": TEXT, "rows_parsed": N, "rows_loaded": N, "error_limit": N, "errors_seen": N,
    "first_error": TEXT, "first_error_line": N, "first_error_character": N, "first_error_column_name": TEXT,
}  # fmt: skip
UNCERTAIN_SECONDS = 64 * 86_400  # load metadata expires after 64 days


class Options:
    """The copy options, each acted on or refused."""

    def __init__(self, values: dict[str, object]) -> None:
        properties = Properties(values)
        self.on_error = self._on_error(properties.values.pop("ON_ERROR", None))
        self.files = properties.texts("FILES")
        if self.files is not None and len(self.files) > 1000:
            raise compilation("FILES may name at most 1000 files", 1008, "22023")
        pattern = properties.text("PATTERN")
        try:
            self.pattern = None if pattern is None else re.compile(pattern)
        except re.error:
            raise invalid_parameter("PATTERN", pattern or "") from None
        self.purge = bool(properties.flag("PURGE"))
        self.force = bool(properties.flag("FORCE"))
        self.failed_only = bool(properties.flag("RETURN_FAILED_ONLY"))
        self.load_uncertain = bool(properties.flag("LOAD_UNCERTAIN_FILES"))
        self.size_limit = properties.number("SIZE_LIMIT", 1)
        truncate, enforce = properties.flag("TRUNCATECOLUMNS"), properties.flag("ENFORCE_LENGTH")
        if truncate is not None and enforce is not None and truncate == enforce:
            raise compilation("TRUNCATECOLUMNS and ENFORCE_LENGTH contradict one another", 1008, "22023")
        self.truncate = truncate if truncate is not None else (enforce is False)
        if properties.word("MATCH_BY_COLUMN_NAME", ("NONE", "CASE_SENSITIVE", "CASE_INSENSITIVE")) not in (
            None,
            "NONE",
        ):
            raise Unsupported("MATCH_BY_COLUMN_NAME")
        if "VALIDATION_MODE" in properties:
            self.validation: str | None = validation.read_mode(properties.text("VALIDATION_MODE") or "")
        else:
            self.validation = None
        self.file_format = properties.values.pop("FILE_FORMAT", None)
        self.integration = properties.name("STORAGE_INTEGRATION")
        credentials = properties.group("CREDENTIALS")
        self.credentials = ddl_objects.read_credentials(credentials, allow_role=False) if credentials else {}
        encryption = properties.group("ENCRYPTION")
        if encryption is not None:
            ddl_objects.read_encryption(encryption)
        properties.finish("COPY INTO")

    @staticmethod
    def _on_error(value: object) -> str:
        text = "ABORT_STATEMENT" if value is None else str(value).upper()
        if text in ("CONTINUE", "SKIP_FILE", "ABORT_STATEMENT") or re.fullmatch(r"SKIP_FILE_[1-9]\d*%?", text):
            return text
        raise invalid_parameter("ON_ERROR", text)


def run(session: Session, parser: QueryParser) -> Result:
    """One COPY INTO."""
    if parser.token.kind != NAME and parser.text[parser.token.at] in "@'":
        raise Unsupported("COPY INTO <location>")
    parts = parser.qualified()
    names = parser.names() if parser.is_op("(") else None
    parser.need("FROM")
    transformation = None
    if parser.op("("):
        transformation = parser.query()
        parser.need_op(")")
        location_text = ""
    else:
        location_text = locations.take(parser)
    options = Options(read(parser))
    parser.finish()
    entry = target_table(session, parts, "INSERT")
    check_copy(entry)
    columns = target_columns(entry, names)
    plan = make_plan(session, entry, columns, transformation, options.truncate)
    location, format_options = _source(session, plan.location or location_text, options)
    plan.use(format_options)
    job = CopyJob(session, entry, plan, location, format_options, options)
    if options.validation is not None:
        return validation.run(session, plan, location, job.present_files(), format_options, options.validation)
    try:
        return job.run()
    finally:
        if not session.work.open:
            session.shared.claims.release(session.work)


def _source(session: Session, text: str, options: Options) -> tuple[Location, dict[str, Any]]:
    if text.startswith("@"):
        if options.integration or options.credentials:
            raise compilation("STORAGE_INTEGRATION and CREDENTIALS are for a URL, not for a named stage", 1008, "22023")
        location, stage = locations.of_stage(session, text)
        base = locations.stage_format(session, stage)
    else:
        integration = options.integration[-1] if options.integration else None
        location = locations.of_url(session, text, integration, options.credentials)
        base = locations.stage_format(session, Entry("stage", "", "", ""))
    group = options.file_format
    if isinstance(group, str | list):
        parts = Properties({"FORMAT_NAME": group}).name("FORMAT_NAME")
        return location, ddl_objects.format_of(session, {"FORMAT_NAME": ".".join(f'"{p}"' for p in parts or [])})
    if isinstance(group, dict) and group:
        # user-guide/data-load-prepare: not cumulative, one option of the COPY overrides all of the stage.
        return location, {**DEFAULTS, **ddl_objects.format_of(session, group)}
    return location, base


class CopyJob:
    """The work of one COPY."""

    def __init__(
        self, session: Session, entry: Entry, plan: Plan, location: Location, options: dict[str, Any], copy: Options
    ) -> None:
        self.session, self.entry, self.plan = session, entry, plan
        self.location, self.format, self.copy = location, options, copy
        self.base = location.prefix
        self.loads: list[FileLoad] = []

    def run(self) -> Result:
        known = self._known()
        self.location.demand_rights()
        size = 0
        for name, file in self._files():
            if file is None:
                self._missing(name)
                continue
            if self._skip(file, known) or self._is_taken(file):
                if self.copy.files is not None:
                    self.loads.append(FileLoad(name, file, "LOAD_SKIPPED"))
                continue
            if self.copy.size_limit is not None and size > self.copy.size_limit:
                break
            size += file.size_bytes
            self.loads.append(
                load_file(self.session, self.plan, self.location, name, file, self.format, self.copy.on_error)
            )
        if not self.loads:
            return status("Copy executed with 0 files processed.", COPY)
        self._store()
        if self.copy.purge:
            self._purge()
        return self._result()

    def _files(self) -> list[tuple[str, Found | None]]:
        """URL and file; None for a file that FILES names and that is not there."""
        if self.copy.files is not None:
            found = []
            for name in dict.fromkeys(self.copy.files):
                file = self.location.head(name)
                found.append((self.location.url(self.base + name), file))
            return found
        files = self.location.list()
        if self.copy.pattern is not None:
            files = [file for file in files if self.copy.pattern.fullmatch(file.key)]
        return [(self.location.url(file.key), file) for file in files]

    def present_files(self) -> list[tuple[str, Found]]:
        """The files, missing ones refused."""
        found: list[tuple[str, Found]] = []
        for name, file in self._files():
            if file is None:
                raise missing_file(name)
            found.append((name, file))
        return found

    def _missing(self, name: str) -> None:
        error = missing_file(name)
        if self.copy.on_error == "ABORT_STATEMENT":
            raise error
        self.loads.append(FileLoad(name, None, "LOAD_FAILED", errors_seen=1, error_limit=1, first_error=error.message))

    def _known(self) -> dict[str, tuple[str, float]]:
        rows = self.session.work.query(
            f"SELECT file, etag, loaded_at FROM sf_loads WHERE table_id = {self.entry.id} AND status <> 'LOAD_FAILED' "
            f"ORDER BY loaded_at"
        )
        return {file: (etag, at) for file, etag, at in rows}

    def _skip(self, file: Found, known: dict[str, tuple[str, float]]) -> bool:
        """True for a file that the load metadata knows unchanged, or whose status is uncertain."""
        if self.copy.force:
            return False
        now = time.time()
        entry = known.get(self.location.url(file.key))
        if entry is not None and now - entry[1] < UNCERTAIN_SECONDS:
            return entry[0] == file.etag
        first = min((at for _, at in known.values()), default=now)
        old = now - file.modified > UNCERTAIN_SECONDS
        uncertain = old and now - first > UNCERTAIN_SECONDS
        return uncertain and not self.copy.load_uncertain

    def _is_taken(self, file: Found) -> bool:
        """Whether another open COPY loads this file into this table; else it is claimed."""
        claims = self.session.shared.claims
        url = self.location.url(file.key)
        return not self.copy.force and not claims.take(self.session.work, self.entry.id, url, file.etag)

    def _store(self) -> None:
        """Rows and load metadata, in one step of the session's transaction."""
        steps: list[Step] = []
        ducks = ", ".join(self.plan.ducks)
        for i, load in enumerate(self.loads):
            if load.table is not None and load.table.num_rows:
                name = f"copy_{id(load)}_{i}"
                sql = f"INSERT INTO {self.entry.duck} ({ducks}) SELECT {self.plan.restore} FROM {name}"
                steps.append(Step(sql, {name: load.table}, set(), {self.entry.id}))
            if load.file is not None and load.status != "LOAD_SKIPPED":
                steps.append(Step(load.record(self.entry.id, self.location), {}, set(), {self.entry.id}))
        if steps:
            self.session.write(steps)

    def _purge(self) -> None:
        for load in self.loads:
            if load.file is not None and load.status in ("LOADED", "PARTIALLY_LOADED"):
                try:
                    self.location.delete(load.file)
                except SqlError:
                    continue  # "if the purge operation fails, no error is returned"

    def _result(self) -> Result:
        rows = [
            load.row()
            for load in self.loads
            if not (self.copy.failed_only and load.status not in ("LOAD_FAILED", "PARTIALLY_LOADED"))
        ]
        return Result(list(RESULT), list(RESULT.values()), rows, COPY)
