"""A loader by other hands: pipelinewise-target-redshift loads its messages here as it would on Redshift."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.redshift.conftest import Config, Db, connect
from tests.environments import PATIENCE_SECONDS, environment

pytestmark = pytest.mark.long

# Its own pins are of 2020 and do not install on a Python of today, so they are not followed.
REQUIREMENTS = [
    "--no-deps", "pipelinewise-target-redshift==1.6.0", "pipelinewise-singer-python==1.1.2", "jsonschema==3.2.0",
    "attrs", "pyrsistent", "six", "setuptools<70", "boto3>=1.40", "botocore>=1.40", "s3transfer", "jmespath",
    "urllib3", "python-dateutil", "psycopg2-binary>=2.9.10", "joblib", "cloudpickle", "inflection", "pytz",
    "simplejson", "backoff", "ciso8601",
]  # fmt: skip
# It uses a name that Python 3.10 removed.
START = "import collections.abc as abc, collections; collections.MutableMapping = abc.MutableMapping; import target_redshift; target_redshift.main()"  # noqa: E501

SCHEMA = {
    "type": "SCHEMA",
    "stream": "public-orders",
    "key_properties": ["id"],
    "schema": {
        "type": "object",
        "properties": {
            "id": {"type": ["integer"]},
            "name": {"type": ["null", "string"]},
            "amount": {"type": ["null", "number"]},
            "at": {"type": ["null", "string"], "format": "date-time"},
        },
    },
}


def record(**values: Any) -> dict[str, Any]:
    return {"type": "RECORD", "stream": "public-orders", "record": values}


def run(tmp_path: Path, config: Config, *messages: dict[str, Any]) -> str:
    names = ("host", "port", "user", "password", "s3_bucket", "aws_access_key_id", "aws_secret_access_key")
    told = {name: config[name] for name in names}
    told |= {"dbname": config["database"], "default_target_schema": config["default_target_schema"], "slices": 1}
    told |= {"aws_redshift_copy_role_arn": config["iam_role"], "s3_key_prefix": config["s3_key_prefix"] + "/"}
    file = tmp_path / "config.json"
    file.write_text(json.dumps(told))
    done = subprocess.run(
        [environment("pipelinewise-redshift", REQUIREMENTS) / "python", "-c", START, "--config", file],
        input="".join(json.dumps(message) + "\n" for message in messages).encode(),
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
        env={**os.environ, "AWS_ENDPOINT_URL": config["s3_endpoint_url"], "AWS_DEFAULT_REGION": config["s3_region"]},
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout.decode()


def test_pipelinewise_target_redshift(stand_in: Any, redshift_config: Config, tmp_path: Path) -> None:
    """Two runs insert and update by key; backslash, quote and comma arrive. That '' becomes NULL is its own doing."""
    first = [SCHEMA, record(id=1, name='a "q" , b\\|', amount=1.5, at="2020-01-01T01:02:03Z"), record(id=2, name="x")]
    second = [SCHEMA, record(id=2, name="y", amount=2), record(id=3, name="")]
    state = {"type": "STATE", "value": {"n": 1}}
    assert json.loads(run(tmp_path, redshift_config, *first, state)) == {"n": 1}
    run(tmp_path, redshift_config, *second, state)
    db = Db(connect(redshift_config))
    rows = db.run(
        f"SELECT id, name, amount, at::VARCHAR FROM {redshift_config['default_target_schema']}.orders ORDER BY id"
    )
    assert rows == [(1, 'a "q" , b\\|', 1.5, "2020-01-01 01:02:03"), (2, "y", 2.0, None), (3, None, None, None)]
    db.connection.close()
