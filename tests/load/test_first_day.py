"""The misconfigurations of a first day rate A: cause and remedy are said, and what is said makes the next run work.

Those that are told before anything is reached are all tried, of the others a few; `make first-day` tries all of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import Warehouses
from tests.first_day.cases import BOTH, CASES, Case
from tests.first_day.place import TARGETS, Place, ran
from tests.first_day.trial import tried, without_none

OFFLINE = [(case, warehouse) for case in CASES if case.offline for warehouse in case.on]
# Of each warehouse one case of what is asked for first: rights, roles, objects.
CHOSEN = ("role that is not there", "not the owner", "schema that is to be made", "integration that is not there")
RIGHT = {
    "redshift": {"host": "h", "user": "u", "database": "d", "s3_bucket": "b"},
    "snowflake": {"account": "a", "user": "u", "password": "p", "database": "d", "s3_bucket": "b"},
}


@pytest.mark.parametrize(("case", "warehouse"), OFFLINE, ids=[f"{case.what} {name}" for case, name in OFFLINE])
def test_what_is_told_before_anything_is_reached(case: Case, warehouse: str) -> None:
    """A wrong setting is refused with its remedy; with the remedy the configuration is taken."""
    assert isinstance(case.wrong, dict)
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s"} if "aws_secret_access_key" in case.wrong else {}
    right = {**RIGHT[warehouse], **keys}
    refused = ran(warehouse, without_none({**right, **case.wrong}), {}, "").error or ""
    assert [text for text in case.told if text not in refused] == []
    mended = case.mend(None, 0, refused)  # type: ignore[arg-type]
    assert TARGETS[warehouse](config=without_none({**right, **(mended or {})})).config["user"] == "u"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("warehouse", BOTH)
def test_what_the_warehouse_tells(warehouses: Warehouses, warehouse: str, tmp_path: Path) -> None:
    """Rights, roles, schemas and objects: the statement or setting in the message makes the next run work."""
    place = Place(warehouses.start(warehouse), tmp_path)
    try:
        cases = [(number, case) for number, case in enumerate(CASES) if case.what in CHOSEN and warehouse in case.on]
        assert len(cases) >= 2
        for number, case in cases:
            grade = tried(place, case, warehouse, 2 * number + BOTH.index(warehouse))
            assert grade.why_not is None, f"{grade}\n{grade.said}"
    finally:
        place.close()


@pytest.mark.parametrize("warehouse", BOTH)
@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"user": "u",}', "is no JSON"),
        ("user: u\n", "is no JSON"),
        ('"text"', "must hold one JSON object"),
        (None, "cannot be read: No such file"),
    ],
)
def test_configuration_files(tmp_path: Path, warehouse: str, content: str | None, told: str) -> None:
    """Row 39: a file that is broken, YAML, empty of settings or not there is named, with what is wrong."""
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)
    done = CliRunner().invoke(TARGETS[warehouse].cli, ["--config", str(path)])
    assert told in str(done.exception)
    assert str(path) in str(done.exception)
    assert "is missing" in str(CliRunner().invoke(TARGETS[warehouse].cli, []).exception)


def test_each_row_has_a_case() -> None:
    """The 41 rows are all tried, 39 by the test of files above."""
    assert {case.row for case in CASES} | {39} == set(range(1, 42))
