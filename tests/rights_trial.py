"""A user or role with exactly the rights of a feature runs a target; then without each single one of them.

What the run without it says is done, literally, and the next run has to work.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from singer_bulk.model.rights import OWNERSHIP, Feature, Lack, Object, Right, Rights, statements, table_kind
from target_redshift_copy.rights import RIGHTS as OF_REDSHIFT
from target_snowflake_stage.rights import RIGHTS as OF_SNOWFLAKE

from tests.first_day.place import Place, ran

RIGHTS: Mapping[str, Rights] = {"redshift": OF_REDSHIFT, "snowflake": OF_SNOWFLAKE}
PASSWORD = "Visitor1secret"
LEDGER = "_singer_loads"
TOLD = re.compile(r"\brun ((?:GRANT|ALTER TABLE) .+?)(?=, or, if |, because|, or let |; | \[[A-Z]+-|$)")
# Every run has these, whatever it does; they are taken away in one of the scenarios.
COMMON = (Feature.EVERY_RUN, Feature.SHARED, Feature.USE_STAGE)


@dataclass(frozen=True)
class Scenario:
    """What is run: settings and messages, for which features.

    own: the tables are the user's own, in a schema that is there unless `makes_schema`. common: the rights of every run
    are taken away, too. before: what the administrator does before a run, with {schema}.
    """

    name: str
    features: tuple[Feature, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    records: tuple[Mapping[str, Any], ...] = ({"id": 1, "note": "a"}, {"id": 2, "note": None})
    own: bool = False
    makes_schema: bool = False
    common: bool = False
    version: int | None = None
    before: tuple[str, ...] = ()


FEED = {
    "operation_column": "op",
    "delete_values": ["d"],
    "truncate_values": ["t"],
    "sequence_columns": ["lsn"],
}
EVENTS = (
    {"id": 1, "note": "a", "op": "insert", "lsn": 2},
    {"id": 1, "note": "a", "op": "d", "lsn": 3},
    {"id": 2, "note": "b", "op": "insert", "lsn": 4},
)
SCENARIOS = (
    Scenario("own tables", (Feature.MAKE_TABLES, Feature.UPSERT, Feature.MAKE_STAGE, Feature.MAKE_FORMAT),
             {"load_method": "upsert"}, own=True, common=True),
    Scenario("own schema", (Feature.CREATE_SCHEMA, Feature.MAKE_STAGE), {"create_schema": True}, own=True,
             makes_schema=True),
    Scenario("append-only", (Feature.APPEND,)),
    Scenario("upsert", (Feature.UPSERT,), {"load_method": "upsert"}, common=True),
    Scenario("overwrite", (Feature.OVERWRITE,), {"load_method": "overwrite", "overwrite_max_shrink": 1.0}),
    Scenario("hard delete", (Feature.UPSERT, Feature.DELETES), {"load_method": "upsert", "hard_delete": True},
             ({"id": 1, "note": "a"}, {"id": 1, "_sdc_deleted_at": "2026-01-01T00:00:00Z"})),
    Scenario("versions", (Feature.APPEND, Feature.VERSIONS), {"add_record_metadata": True}, version=7),
    Scenario("change feed", (Feature.UPSERT, Feature.DELETES, Feature.FEEDS),
             {"load_method": "upsert", "hard_delete": True, "cdc": FEED}, EVENTS),
    Scenario("views", (Feature.APPEND, Feature.VIEWS), {"current_view": True, "add_record_metadata": True},
             before=("COMMENT ON VIEW {schema}.orders__current IS 'x'",
                     "COMMENT ON VIEW {schema}.orders__history IS 'x'")),
    Scenario("new columns", (Feature.APPEND, Feature.COLUMNS),
             before=("ALTER TABLE {schema}.orders DROP COLUMN note",)),
)  # fmt: skip


def messages(scenario: Scenario) -> str:
    """Return the Singer stream of a scenario."""
    columns = {
        "id": {"type": "integer"},
        "note": {"type": ["null", "string"], "maxLength": 100},
        **{name: {"type": ["null", "string"], "maxLength": 10} for name in ("op",) if scenario.records is EVENTS},
        **{name: {"type": ["null", "integer"]} for name in ("lsn",) if scenario.records is EVENTS},
    }
    if any("_sdc_deleted_at" in record for record in scenario.records):
        columns["_sdc_deleted_at"] = {"type": ["null", "string"], "format": "date-time"}
    version = {} if scenario.version is None else {"version": scenario.version}
    lines: list[dict[str, Any]] = [
        {"type": "SCHEMA", "stream": "orders", "schema": {"properties": columns}, "key_properties": ["id"]},
        *({"type": "RECORD", "stream": "orders", "record": record, **version} for record in scenario.records),
        *([{"type": "ACTIVATE_VERSION", "stream": "orders", **version}] if version else []),
        {"type": "STATE", "value": {"orders": 1}},
    ]
    return "".join(json.dumps(line) + "\n" for line in lines)


@dataclass
class Trial:
    """A scenario in one warehouse, in a schema of its own, with a user (Redshift) or a role (Snowflake) of its own."""

    place: Place
    warehouse: str
    scenario: Scenario
    number: int
    objects: dict[Object, list[str]] = field(default_factory=dict)

    @property
    def schema(self) -> str:
        name = f"rights{self.number}"
        return name if self.warehouse == "redshift" else name.upper()

    @property
    def who(self) -> str:
        """The user of Redshift, the role of Snowflake."""
        return f"limited{self.number}" if self.warehouse == "redshift" else f"LIMITED{self.number}"

    @property
    def config(self) -> dict[str, Any]:
        return {
            **self.place.config(self.warehouse, 1000 + self.number),
            "default_target_schema": self.schema,
            "pipeline_id": f"pipeline{self.number}",
            "load_method": "append-only",
            **({"stage": "SINGER_STAGE"} if self.warehouse == "snowflake" else {}),
            **self.scenario.settings,
        }

    @property
    def limited(self) -> dict[str, Any]:
        """The configuration of the one who has few rights."""
        if self.warehouse == "redshift":
            return {**self.config, "user": self.who, "password": PASSWORD}
        return {**self.config, "user": f"U{self.who}", "password": PASSWORD, "role": self.who}

    def set_up(self) -> None:
        """Make the user, the schema, and what others have made in it: its tables by a run of the administrator."""
        if self.warehouse == "redshift":
            self._sql(f"CREATE USER {self.who} PASSWORD '{PASSWORD}'")
        else:
            self._sql(
                f"CREATE ROLE {self.who}",
                f"CREATE USER U{self.who} PASSWORD = '{PASSWORD}' DEFAULT_ROLE = {self.who}",
            )
        self.renew()
        if not self.scenario.own:
            done = ran(self.warehouse, self.config, {}, messages(self.scenario))
            assert done.error is None, done.error
            self._make_older_row()
        self._find_objects()

    def renew(self) -> None:
        """Let the schema be as the scenario begins: empty, or not there."""
        self._sql(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")
        if not self.scenario.makes_schema:
            self._sql(f"CREATE SCHEMA {self.schema}")

    def tear_down(self) -> None:
        self.grant_only([])
        self._sql(f"DROP SCHEMA IF EXISTS {self.schema} CASCADE")
        kinds = ["USER"] if self.warehouse == "redshift" else ["ROLE"]
        self._sql(*(f"DROP {kind} {self.who}" for kind in kinds))

    def _make_older_row(self) -> None:
        """Let the ledger have a row of a program that locks it, so that loads lock it as well."""
        now = "GETDATE()" if self.warehouse == "redshift" else "CURRENT_TIMESTAMP()"
        self._sql(
            f"INSERT INTO {self.schema}.{LEDGER} (load_id, ledger_version, last_sequence, committed_at) "
            f"SELECT 'older-1', 2, 0, {now}"
        )

    def _find_objects(self) -> None:
        config = self.config
        on, prefix = self.objects, "" if self.warehouse == "redshift" else f'"{config["database"].upper()}".'
        on[Object.DATABASE] = [_quoted(config["database"], self.warehouse)]
        on[Object.SYSTEM_VIEW] = []
        if not self.scenario.makes_schema:
            on[Object.SCHEMA] = [f'{prefix}"{self.schema}"']
        if self.warehouse == "snowflake":
            on[Object.USER], on[Object.WAREHOUSE] = [self.who], [config["warehouse"]]
            on[Object.INTEGRATION] = [config["storage_integration"]]
        if self.scenario.own:
            return
        if self.warehouse == "snowflake":
            on[Object.STAGE] = [f'{prefix}"{self.schema}"."SINGER_STAGE"']
            on[Object.FILE_FORMAT] = [f'{prefix}"{self.schema}"."SINGER_PIPE"']
        found = self.place.query(
            self.warehouse,
            f"SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = '{self.schema}'",
        )
        for name, kind in sorted(found):
            which = Object.VIEW if kind == "VIEW" else table_kind(name, LEDGER)
            on.setdefault(which, []).append(f'{prefix}"{self.schema}"."{name}"')

    def exact(self) -> list[tuple[Right, str]]:
        """Return the rights of the scenario, each with the object that it is on."""
        wanted = RIGHTS[self.warehouse].wanted((*self.scenario.features, *COMMON))
        return [(right, written) for right in wanted for written in self.objects.get(right.on, ())]

    def taken(self) -> list[tuple[Right, str]]:
        """Return those that are taken away, one after the other."""
        asked = set(self.scenario.features) | (set(COMMON) if self.scenario.common else set())
        owned = {written for right, written in self.exact() if right.name == OWNERSHIP}
        chosen = [
            (right, written)
            for right, written in self.exact()
            if right.features & asked and (right.name == OWNERSHIP or written not in owned)
        ]
        # Any right on a schema or database of Snowflake shows it, so there USAGE is missed only where it is the last.
        others = {written for right, written in self.exact() if right.name.startswith("CREATE")}
        return [
            (right, written)
            for right, written in chosen
            if not (self.warehouse == "snowflake" and right.name == "USAGE" and written in others)
        ]

    def grant_only(self, rights: Iterable[tuple[Right, str]]) -> None:
        """Take away everything that the scenario knows of, and grant these."""
        everything = self.exact()
        for right, written in everything:
            if right.on is not Object.USER and right.name != OWNERSHIP:
                self._sql(self._inverse(right, written))
        for right, written in everything:
            if right.name == OWNERSHIP:
                self._sql(self._inverse(right, written))
        if self.warehouse == "snowflake":
            self._sql(f"REVOKE ROLE {self.who} FROM USER U{self.who}")
        for right, written in sorted(rights, key=lambda one: one[0].name == OWNERSHIP):
            self._sql(*statements([right], written, self._to(right)))

    def _to(self, right: Right) -> str:
        return f"U{self.who}" if right.on is Object.USER else self.who

    def _inverse(self, right: Right, written: str) -> str:
        (grant,) = statements([right], written, self._to(right))
        if right.name == OWNERSHIP:
            config = self.place.config(self.warehouse, 0)
            return grant.replace(self.who, config["user" if self.warehouse == "redshift" else "role"])
        return grant.replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM ")

    def run(self) -> tuple[str | None, list[str]]:
        """Run as the one with few rights; return the error, and what was logged as a WARNING or worse."""
        if not self.scenario.own:
            for kind in (Object.FENCE, Object.TURN):  # whoever made them died before their first row
                self._sql(*(f"DELETE FROM {written}" for written in self.objects.get(kind, ())))
            for text in self.scenario.before:
                if "DROP COLUMN" not in text or self._has_note():
                    self._sql(text.format(schema=self.schema))
        done = ran(self.warehouse, self.limited, {}, messages(self.scenario))
        return done.error, done.logged

    def _has_note(self) -> bool:
        found = self.place.query(
            self.warehouse,
            f"SELECT 1 FROM information_schema.columns WHERE table_schema = '{self.schema}' "
            "AND lower(table_name) = 'orders' AND lower(column_name) = 'note'",
        )
        return bool(found)

    def without(self, right: Right, written: str) -> str:
        """Take one right away, run, do what the run says, run again; return what is wrong with that, "" if nothing."""
        if self.scenario.own:
            self.renew()
        self.grant_only(one for one in self.exact() if one != (right, written))
        error, logged = self.run()
        if right.lack is not Lack.FAILS:
            return "" if error is None and not logged else f"fails or warns: {error} {logged}"
        if error is None:
            return "works without it"
        name = "OWNER" if right.name == OWNERSHIP else right.name
        if name not in error:
            return f"does not name it: {error}"
        statement = _chosen(TOLD.findall(error), name, written)
        if statement is None:
            return f"names no statement: {error}"
        self._sql(statement)
        again, _ = self.run()
        if right.name != OWNERSHIP:
            self._sql(statement.replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM "))
        return "" if again is None else f"what it says does not help: {statement}: {again}"

    def _sql(self, *texts: str) -> None:
        self.place.sql(self.warehouse, *texts)


def _quoted(name: str, warehouse: str) -> str:
    return f'"{name}"' if warehouse == "redshift" else f'"{name.upper()}"'


def _chosen(found: list[str], name: str, written: str) -> str | None:
    """Return the statement about the object that the right is on, else the first that names the right."""
    last = written.rpartition(".")[2].strip('"')
    fitting = [one for one in found if name in one]
    return next((one for one in fitting if last in one), fitting[0] if fitting else None)


@contextmanager
def trial(place: Place, warehouse: str, scenario: Scenario, number: int) -> Iterator[Trial]:
    """Set a scenario up, and leave nothing of it."""
    made = Trial(place, warehouse, scenario, number)
    made.set_up()
    try:
        yield made
    finally:
        made.tear_down()
