"""Keys of the bucket are cut out of what is logged and told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
import tap_csv_extract.s3
import target_redshift_copy.sql
import target_snowflake_stage.sql
from singer_bulk.identity.masks import Masks, secrets_in
from singer_bulk.settings.secrets import LIBRARIES, keep_libraries_quiet
from singer_bulk.warehouse.words import literal

COPY = "COPY t FROM 's3://b/k' ACCESS_KEY_ID 's3cret' SECRET_ACCESS_KEY 's3cret' SESSION_TOKEN 's3cret' MANIFEST"
STAGE = (
    "CREATE STAGE s URL = 's3://b/k' CREDENTIALS = "
    "(AWS_KEY_ID = 's3cret' AWS_SECRET_KEY = 's3cret' AWS_TOKEN = 's3cret') COMMENT = 'x'"
)


@pytest.mark.parametrize(
    ("masked", "statement"),
    [(target_redshift_copy.sql.masked, COPY), (target_snowflake_stage.sql.masked, STAGE)],
    ids=["redshift", "snowflake"],
)
def test_keys_are_cut_out_of_a_statement(masked: Callable[[str], str], statement: str) -> None:
    """What the warehouse says of a statement may hold the statement: its keys are gone, the rest stays."""
    assert masked(f"syntax error in: {statement}") == f"syntax error in: {statement}".replace("s3cret", "***")


@pytest.mark.parametrize(
    ("masked", "words"),
    [(target_redshift_copy.sql.masked, "PASSWORD "), (target_snowflake_stage.sql.masked, "AWS_TOKEN = ")],
    ids=["redshift", "snowflake"],
)
@pytest.mark.parametrize("secret", ["s3'cret", "'s3cret", "s3cret'", "s3\\'cret\\", "s3\ncret", "''"])
def test_a_key_is_cut_out_whatever_is_in_it(masked: Callable[[str], str], words: str, secret: str) -> None:
    """A quote inside ends no key, nor does a text that is cut within one keep its front; what follows stays."""
    assert masked(f"{words}{literal(secret)} MANIFEST 'x'") == f"{words}'***' MANIFEST 'x'"
    assert masked(f"{words}{literal(secret)[:-1]}") == f"{words}'***'"


SECRET, KEY = "s3cr/et '%", "-----BEGIN-----\nabcdefgh\nijklmnop\n-----END-----"


@pytest.fixture
def masked_log(caplog: pytest.LogCaptureFixture) -> Iterator[logging.Logger]:
    """A logger whose records are made as a command's are, for the values of two secret settings."""
    made, masks = logging.getLogRecordFactory(), Masks()
    masks.install()
    masks.install()  # as of a second command in this process
    schema = {"properties": {"password": {"secret": True}, "private_key": {"secret": True}, "user": {}}}
    masks.hide(secrets_in({"password": SECRET, "private_key": KEY, "user": "loader"}, schema))
    yield logging.getLogger("botocore.test")
    logging.setLogRecordFactory(made)


def test_secrets_come_into_no_log(masked_log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    """Neither as they are nor as URLs and Python write them, in a message, its arguments or a traceback."""
    masked_log.error("password %s", SECRET)
    masked_log.error("https://h/?p=%s", quote(SECRET, safe=""))
    masked_log.error("%r and %s", {"key": KEY}, "loader")
    try:
        raise ValueError(SECRET)
    except ValueError:
        masked_log.exception("it %s", "failed")
    assert [record.getMessage() for record in caplog.records] == [
        "password ***", "https://h/?p=***", "{'key': '***'} and loader", "it failed",
    ]  # fmt: skip
    assert "s3cr" not in caplog.text
    assert "ValueError: ***" in caplog.text
    masked_log.error("nothing to %s", "hide")
    assert caplog.records[-1].args == ("hide",)


@pytest.mark.parametrize("keep_quiet", [keep_libraries_quiet, tap_csv_extract.s3.keep_libraries_quiet])
def test_libraries_keep_to_info(keep_quiet: Callable[[], None]) -> None:
    """At DEBUG they log whole requests, with tokens that no setting has; a stricter level of the user's counts."""
    loggers = [logging.getLogger(name) for name in ("", *LIBRARIES)]
    before = [logger.level for logger in loggers]
    try:
        for level, kept in ((logging.DEBUG, logging.INFO), (logging.ERROR, logging.ERROR)):
            loggers[0].setLevel(level)
            keep_quiet()
            assert logging.getLogger("botocore.auth").getEffectiveLevel() == kept
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
