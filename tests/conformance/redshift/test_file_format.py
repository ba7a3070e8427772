"""What docs/file-format.md assumes of Redshift, because no document says it: probed by the target itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.conftest import Run

TIME, ANY = {"type": ["null", "string"], "format": "time"}, {}
DIGITS = "12345678901234567890123456789012345678"


def test_assumptions(redshift_config: dict[str, Any], redshift_connection: Any, run_target: Callable[..., Run]) -> None:
    """NULL in SUPER and every other type, `""` and null-looking texts, TIME, digits inside SUPER."""
    schema = {"properties": {"id": {"type": "integer"}, "note": {"type": ["null", "string"]}, "clock": TIME, "doc": ANY,
                             "n": {"type": ["null", "number"]}}}  # fmt: skip
    records = [
        '{"id": 1}',
        '{"id": 2, "note": "", "clock": "00:00:00", "doc": "", "n": 0.1}',
        f'{{"id": 3, "note": "\\\\N", "clock": "23:59:59.999999", "doc": [{DIGITS}, 0.{DIGITS[:37]}], "n": 1e-300}}',
        '{"id": 4, "note": "NULL", "clock": "12:34:56.1", "doc": {"a": "|\\n\\""}, "n": -1e300}',
        '{"id": 5, "note": "\\"\\"", "clock": null, "doc": "null", "n": null}',
    ]
    lines = [json.dumps({"type": "SCHEMA", "stream": "probe", "schema": schema})]
    lines += [f'{{"type": "RECORD", "stream": "probe", "record": {record}}}' for record in records]
    run = run_target("target-redshift-copy", redshift_config, "".join(line + "\n" for line in lines).encode())
    assert run.status == 0, run.stderr
    with redshift_connection.cursor() as cursor:
        cursor.execute("SET extra_float_digits TO 2")
        cursor.execute(
            "SELECT note, CAST(clock AS VARCHAR), doc IS NULL, JSON_SERIALIZE(doc), n "
            f'FROM "{redshift_config["default_target_schema"]}".probe ORDER BY id'
        )
        rows = cursor.fetchall()
    assert rows[0] == (None, None, True, None, None)
    assert rows[1] == ("", "00:00:00", False, '""', 0.1)
    assert rows[2][:2] == ("\\N", "23:59:59.999999")
    assert json.loads(rows[2][3], parse_float=Decimal) == [int(DIGITS), Decimal(f"0.{DIGITS[:37]}")]
    assert rows[3][:2] == ("NULL", "12:34:56.1")
    assert json.loads(rows[3][3]) == {"a": '|\n"'}
    assert rows[4] == ('""', None, False, '"null"', None)
    assert (rows[2][4], rows[3][4]) == (1e-300, -1e300)
