"""How many files COPY into Redshift gets: as the user says, else as the cluster says, else four."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from singer_bulk.errors import WarehouseError
from singer_bulk.warehouse.dialect import Rows
from target_redshift_copy.cli import TargetRedshiftCopy

REFUSED = WarehouseError("Redshift: permission denied for relation stv_slices", code="RS-SQL", sql_code="42501")
GONE = WarehouseError("Redshift: the connection broke", code="RS-LOST", connection_lost=True)
CONFIG = {
    "host": "h", "user": "u", "database": "d", "iam_role": "default", "s3_bucket": "b",
}  # fmt: skip


class Cluster:
    """A session that answers the one query, or fails it."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = [*answers]
        self.asked: list[str] = []

    def execute(self, sql: str) -> Rows:
        self.asked.append(sql)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return [(answer,)]

    def close(self) -> None: ...


def parts_of(cluster: Cluster, **settings: Any) -> int:
    """Return how many files a batch is divided into."""
    connector = TargetRedshiftCopy(config={**CONFIG, **settings}).connector()
    warehouse: Any = connector.warehouse
    warehouse.connect, warehouse.pause = lambda: cluster, lambda seconds: None
    return connector.layout(warehouse).parts


@pytest.mark.parametrize(("slices", "parts"), [(2, 2), (6, 6), (16, 16), (256, 32), (0, 4)])
def test_one_file_for_each_slice(slices: int, parts: int) -> None:
    """As many files as slices, up to the 32 that memory allows; a user who sees no row gets the default."""
    cluster = Cluster(slices)
    assert parts_of(cluster) == parts
    assert cluster.asked == ["SELECT COUNT(*) FROM stv_slices"]


def test_refusal_gives_the_default(caplog: pytest.LogCaptureFixture) -> None:
    """Serverless refuses STV_SLICES to ordinary users: one question, the default, and a line in the log."""
    cluster = Cluster(REFUSED)
    with caplog.at_level(logging.INFO):
        assert parts_of(cluster) == 4
    assert len(cluster.asked) == 1
    assert "permission denied" in caplog.text


def test_lost_connection_is_tried_again() -> None:
    """What passes by itself is no refusal."""
    assert parts_of(Cluster(GONE, 8)) == 8
    with pytest.raises(WarehouseError, match="the connection broke"):
        parts_of(Cluster(*[GONE] * 5))


def test_setting_is_not_asked_about() -> None:
    """`slices` overrides the cluster."""
    cluster = Cluster()
    assert parts_of(cluster, slices=3) == 3
    assert cluster.asked == []
