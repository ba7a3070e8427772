"""Texts that no setting can have are refused by the setting's name, and not shown."""

from __future__ import annotations

from typing import Any

import pytest
from singer_bulk.errors import ConfigError
from singer_bulk.settings.texts import refuse_texts
from target_redshift_copy.cli import TargetRedshiftCopy


@pytest.mark.parametrize(
    "config",
    [
        {"password": "s3\0cret"},
        {"user": "\0"},
        {"stream_settings": {"a\0": {}}},
        {"cdc": {"insert_values": ["I\0"]}},
        {"pipeline_id": ""},
        {"pipeline_id": " \t"},
        {"ledger_table": ""},
        {"default_target_schema": " "},
        {"s3_key_prefix": " "},
        {"s3_key_prefix": "a\nb"},
        {"s3_key_prefix": "a/../b"},
        {"s3_key_prefix": "."},
        {"s3_key_prefix": "a/."},
    ],
)
def test_texts_that_no_setting_can_have(config: dict[str, Any]) -> None:
    """They would be cut, or name what nobody finds."""
    (name,) = config
    with pytest.raises(ConfigError, match=f"setting '{name}' ") as refused:
        refuse_texts(config)
    assert "s3" not in str(refused.value).replace("s3_key", "")


def test_texts_that_are_taken() -> None:
    """Dots, blanks and lines within a text are no matter; an empty prefix is one."""
    refuse_texts({"s3_key_prefix": "a.b/..c/d e", "private_key": "a\nb\n", "default_target_schema": "a b", "port": 5})
    refuse_texts({"s3_key_prefix": ""})


def test_targets_look_at_their_settings() -> None:
    """A pipeline without a name is refused where the target is made: it would load, and never be found again."""
    needed = {"host": "h", "user": "u", "password": "p", "database": "d", "s3_bucket": "b"}
    with pytest.raises(ConfigError, match="'pipeline_id' is blank"):
        TargetRedshiftCopy(config={**needed, "pipeline_id": ""})
