"""The older generation of the Snowflake connector, 4.x, in an environment of its own, with the same target."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from local_warehouse.snowflake.serve.server import serve

from tests.browser import browser_of, visits
from tests.environments import environment
from tests.fakes import lines, record, schema, state
from tests.load.test_snowflake_sign_in import ACCOUNT

pytestmark = pytest.mark.long

TOP = Path(__file__).parent.parent.parent
REQUIREMENTS = [str(TOP / "singer-bulk"), str(TOP / "target-snowflake-stage"), "snowflake-connector-python>=4.8,<5"]


def test_target_loads_through_connector_4(
    snowflake_config: dict[str, Any], snowflake_connection: Any, tmp_path: Path
) -> None:
    """Records arrive and the STATE comes out with 4.x as with 5.x, and nothing else is said."""
    binaries = environment("connector-4", REQUIREMENTS)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(snowflake_config))
    moment = {"type": ["null", "string"], "format": "date-time"}
    messages = lines(
        schema(id={"type": "integer"}, moment=moment, doc={"type": "object"}),
        record(id=1, moment="2020-06-01T12:00:00.123456789+02:00", doc={"a": [1]}),
        state({"done": 1}),
    )
    done = subprocess.run(
        [binaries / "target-snowflake-stage", "--config", config],
        input=messages, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"done": 1}
    version = subprocess.run(
        [binaries / "python", "-c", "import snowflake.connector as c; print(c.__version__)"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert version.startswith("4.")
    with snowflake_connection.cursor() as cursor:
        rows = cursor.execute(
            f"SELECT id, moment, doc FROM {snowflake_config['default_target_schema']}.orders"
        ).fetchall()
    assert [(row[0], row[1].isoformat()[:26], json.loads(row[2])) for row in rows] == [
        (1, "2020-06-01T12:00:00.123456", {"a": [1]})
    ]


def test_copies_run_side_by_side_through_connector_4(
    snowflake_config: dict[str, Any], snowflake_connection: Any, tmp_path: Path
) -> None:
    """Five upserted streams: what 4.x says of a query that is not waited for is understood, and each has its rows."""
    binaries = environment("connector-4", REQUIREMENTS)
    config = tmp_path / "config.json"
    config.write_text(json.dumps({**snowflake_config, "load_method": "upsert"}))
    streams = [f"stream_{number}" for number in range(5)]
    keyed = {**schema(), "key_properties": ["id"]}
    sent = [one for name in streams for one in ({**keyed, "stream": name}, record(name, id=1), record(name, id=2))]
    done = subprocess.run(
        [binaries / "target-snowflake-stage", "--config", config],
        input=lines(*sent, state({"done": 1})), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "5 COPYs in 5 calls side by side" in done.stderr
    assert "side by side have failed" not in done.stderr
    with snowflake_connection.cursor() as cursor:
        for name in streams:
            query = f"SELECT COUNT(*) FROM {snowflake_config['default_target_schema']}.{name}"
            assert cursor.execute(query).fetchall() == [(2,)]


def test_each_identity_signs_in_through_connector_4() -> None:
    """What 5.x signs in with, and renews, 4.x does too: the same tests, with its packages before ours."""
    binaries = environment("connector-4", REQUIREMENTS)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([binaries / "python", "-c", where], capture_output=True, text=True, check=True).stdout
    ours = ("singer-bulk", "target-snowflake-stage", "target-redshift-copy", "tap-csv-extract", "local-warehouse", "")
    path = os.pathsep.join([*(str(TOP / one) for one in ours), packages.strip()])
    run = (
        "import sys, pytest, snowflake.connector as c; assert c.__version__.startswith('4.'); "
        "sys.exit(pytest.main(['-n0', '-q', '-W', 'ignore', 'tests/load/test_snowflake_sign_in.py']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", run],
        cwd=TOP, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_a_browser_signs_in_through_connector_4(tmp_path: Path) -> None:
    """A person signs in at the identity provider, whose page a browser opens; standard input stays the tap's."""
    binaries = environment("connector-4", REQUIREMENTS)
    account = {**ACCOUNT, "users": [{"name": "ANNA", "browser_password": "p"}], "dir": str(tmp_path / "snowflake")}
    server, thread = serve(account)
    browser = browser_of(tmp_path, "anna", "p", None)
    config = {
        "account": "local", "user": "ANNA", "database": "DEMO", "role": "LOADER", "authenticator": "externalbrowser",
        "protocol": "http", "host": "127.0.0.1", "port": server.server_address[1], "s3_bucket": "b",
        "pipeline_id": "p", "warehouse": "WH",
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    done = subprocess.run(
        [binaries / "target-snowflake-stage", "--config", tmp_path / "config.json", "--last-state"],
        env={**os.environ, "BROWSER": str(browser), "DISPLAY": ":0", "NO_PROXY": "127.0.0.1,localhost",
             "HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    server.shutdown()
    thread.join()
    server.warehouse.close()
    server.server_close()
    assert (done.returncode, done.stdout, visits(tmp_path)) == (0, "{}\n", 1), done.stderr
