"""Rights are data: each has a statement, each feature has rights, and nobody else writes a GRANT."""

from __future__ import annotations

import re
from typing import Any

import pytest
from singer_bulk.identity.rights import SECRETS
from singer_bulk.model.declared import read
from singer_bulk.model.rights import Feature, Object, statements, table_kind
from singer_bulk.settings.features import features_of
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.rights import AGAIN, ASSUMER, READER, WRITER, policy
from target_redshift_copy.rights import RIGHTS as OF_REDSHIFT
from target_redshift_copy.rights import SIGN_IN
from target_snowflake_stage.rights import RIGHTS as OF_SNOWFLAKE

from tests.house import TOP

ALWAYS = {Feature.EVERY_RUN, Feature.MAKE_TABLES, Feature.SHARED, Feature.RECOVERY, Feature.COLUMNS}


@pytest.mark.parametrize(
    ("config", "more"),
    [
        ({}, {Feature.APPEND}),
        ({"load_method": "upsert", "hard_delete": True}, {Feature.UPSERT, Feature.DELETES}),
        ({"load_method": "overwrite", "create_schema": True}, {Feature.OVERWRITE, Feature.CREATE_SCHEMA}),
        ({"add_record_metadata": True, "current_view": True}, {Feature.APPEND, Feature.VERSIONS, Feature.VIEWS}),
        ({"stream_settings": {"a": {"load_method": "upsert"}}}, {Feature.APPEND, Feature.UPSERT}),
        ({"load_method": "upsert", "cdc": {"preset": "debezium"}}, {Feature.UPSERT, Feature.FEEDS}),
        (
            {"cdc": {"preset": "debezium", "apply": ["history", "current"]}},
            {Feature.APPEND, Feature.UPSERT, Feature.FEEDS, Feature.DELETES},
        ),
        ({"cdc": {"preset": "debezium", "apply": ["current"]}}, {Feature.UPSERT, Feature.FEEDS, Feature.DELETES}),
    ],
)
def test_features_of_a_configuration(config: dict[str, Any], more: set[Feature]) -> None:
    """What is asked for, for all streams or for one, is what rights are listed for."""
    assert features_of(read(LoadSettings, config)) == ALWAYS | more


def test_frozen_tables_need_no_owner() -> None:
    """With schema_evolution: freeze nothing is altered."""
    assert Feature.COLUMNS not in features_of(read(LoadSettings, {"schema_evolution": "freeze"}))


def test_each_feature_has_its_rights() -> None:
    """No feature is without a right, and no right without a feature."""
    rights = [
        *OF_REDSHIFT.all,
        *SIGN_IN.all,
        *OF_SNOWFLAKE.all,
        *WRITER.all,
        *AGAIN.all,
        *ASSUMER.all,
        *READER.all,
        *SECRETS.all,
    ]
    assert set().union(*(right.features for right in rights)) == set(Feature)
    assert all(right.features for right in rights)


@pytest.mark.parametrize("table", [OF_REDSHIFT, OF_SNOWFLAKE], ids=["redshift", "snowflake"])
def test_rights_on_one_object_are_granted_together(table: Any) -> None:
    """One statement has all rights on a table; OWNERSHIP, which holds them, stands alone."""
    upsert = table.wanted([Feature.UPSERT, Feature.DELETES], Object.TABLE)
    (granted,) = statements(upsert, "s.t", "u")
    assert re.fullmatch(r"GRANT SELECT, INSERT, UPDATE, DELETE ON (TABLE )?s\.t TO (ROLE )?u", granted)
    (owned,) = statements(table.wanted([Feature.UPSERT, Feature.COLUMNS], Object.TABLE), "s.t", "u")
    assert "OWNER" in owned
    assert "SELECT" not in owned


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ORDERS", Object.TABLE),
        ("_SINGER_LOADS", Object.LEDGER),
        ("_singer_loads__0123456789ab", Object.FENCE),
        ("_singer_loads__old", Object.TABLE),
        ("_SINGER_TURN__0123456789AB", Object.TURN),
        ("orders__deleted", Object.PLACES),
    ],
)
def test_kinds_of_tables(name: str, kind: Object) -> None:
    """A table is known by its name, in whatever letters the warehouse keeps it."""
    assert table_kind(name, "_singer_loads") is kind


def test_policies() -> None:
    """A policy has a statement for each kind of object; without a prefix all objects of the bucket are meant."""
    document = policy(READER.all, "b", "p/q", "arn:key")
    assert [one["Resource"] for one in document["Statement"]] == ["arn:aws:s3:::b/p/q/*", "arn:aws:s3:::b", "arn:key"]
    assert policy(READER.all, "b", "", "arn:key")["Statement"][0]["Resource"] == "arn:aws:s3:::b/*"


def test_nobody_else_writes_a_grant() -> None:
    """A statement that grants stands in a table of rights, and nowhere else in the connectors."""
    packages = ("singer-bulk", "target-redshift-copy", "target-snowflake-stage")
    files = [path for package in packages for path in (TOP / package).rglob("*.py") if ".venv" not in path.parts]
    # What readers get on a new table is the setting `grants`; its statement stands with those that make the table.
    own = {"rights.py", "words.py"}
    found = [path.name for path in files if re.search(r"\b(GRANT [A-Z{]|OWNER TO|grant s3:)", path.read_text())]
    assert set(found) == own
