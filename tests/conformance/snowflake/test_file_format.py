"""What docs/file-format.md assumes of Snowflake, because no document says it: probed by the target itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.conftest import Run

DIGITS = "12345678901234567890123456789012345678"


def test_assumptions(
    snowflake_config: dict[str, Any], snowflake_connection: Any, run_target: Callable[..., Run]
) -> None:
    """NULL in VARIANT and every other type, `""` and null-looking texts, wide offsets, digits inside VARIANT."""
    stamp = {"type": ["null", "string"], "format": "date-time"}
    schema = {"properties": {"id": {"type": "integer"}, "note": {"type": ["null", "string"]}, "at_": stamp, "doc": {}}}
    records = [
        '{"id": 1}',
        '{"id": 2, "note": "", "at_": "2020-06-01T12:00:00.123456789+14:59", "doc": ""}',
        f'{{"id": 3, "note": "\\\\N", "at_": "0001-01-03T00:00:00-14:59", "doc": [{DIGITS}, 0.{DIGITS[:37]}]}}',
        '{"id": 4, "note": "\\\\", "at_": "9999-12-30T23:59:59Z", "doc": {"a": "|\\n\\""}}',
        '{"id": 5, "note": "\\"\\"", "at_": null, "doc": "null"}',
    ]
    lines = [json.dumps({"type": "SCHEMA", "stream": "probe", "schema": schema})]
    lines += [f'{{"type": "RECORD", "stream": "probe", "record": {record}}}' for record in records]
    config = {**snowflake_config, "stage": "SINGER_STAGE"}
    run = run_target("target-snowflake-stage", config, "".join(line + "\n" for line in lines).encode())
    assert run.status == 0, run.stderr
    with snowflake_connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOTE, TO_VARCHAR(AT_, 'YYYY-MM-DD HH24:MI:SS.FF9TZH:TZM'), DOC IS NULL, TO_JSON(DOC) "
            f'FROM "{config["database"]}"."{config["default_target_schema"]}".PROBE ORDER BY ID'
        )
        rows = [tuple(row) for row in cursor.fetchall()]
    assert rows[0] == (None, None, True, None)
    assert rows[1] == ("", "2020-06-01 12:00:00.123456789+14:59", False, '""')
    assert rows[2][:2] == ("\\N", "0001-01-03 00:00:00.000000000-14:59")
    assert json.loads(rows[2][3], parse_float=Decimal) == [int(DIGITS), Decimal(f"0.{DIGITS[:37]}")]
    assert rows[3][:2] == ("\\", "9999-12-30 23:59:59.000000000+00:00")
    assert json.loads(rows[3][3]) == {"a": '|\n"'}
    assert rows[4] == ('""', None, False, '"null"')
