"""Whole runs that outlive what they have signed in with: three lifetimes, with real ones, on a clock that is moved.

The account runs in this process, over the S3 of the stand-ins. Whenever a STATE has come out its clock moves past the
tokens and the session, and the tap goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from local_warehouse.snowflake.serve.server import MASTER_SECONDS, TOKEN_PATH, Server, serve
from singer_bulk.maps.intake import Intake, mapper_of
from singer_bulk.model.runtime import STANDARD
from singer_bulk.run import Run
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.conftest import S3
from tests.fakes import record, schema, state
from tests.load.test_snowflake_sign_in import ACCOUNT, AWS, CLIENT, OIDC, ON_AWS, id_token

LIFETIMES = 3


@pytest.fixture
def account(s3: S3, tmp_path: Path) -> Iterator[Server]:
    """An account of this test, whose integration reads the bucket of the stand-ins."""
    service = s3.facts["keys"]["service"]
    running, thread = serve(
        {
            **ACCOUNT, "dir": str(tmp_path / "account"), "region": s3.facts["region"],
            "s3_endpoint_url": s3.facts["endpoint_url"], "service_access_key_id": service["access_key_id"],
            "service_secret_access_key": service["secret_access_key"], "account_id": s3.facts["account_id"],
            "integrations": [
                {
                    "name": "LOCAL_S3", "role_arn": s3.facts["roles"]["snowflake-stage"],
                    "allowed_locations": [f"s3://{s3.bucket}/"],
                }
            ],
        }
    )  # fmt: skip
    yield running
    running.shutdown()
    thread.join()
    running.warehouse.close()
    running.server_close()


def config_of(account: Server, s3: S3, prefix: str, **own: Any) -> dict[str, Any]:
    """A configuration for the account, whose loads end at each STATE."""
    keys = s3.facts["keys"]["loader"]
    return {
        "account": "local", "database": "DEMO", "role": "LOADER", "warehouse": "WH", "protocol": "http",
        "host": "127.0.0.1", "port": account.server_address[1], "default_target_schema": "PUBLIC",
        "storage_integration": "LOCAL_S3", "s3_bucket": s3.bucket, "s3_key_prefix": prefix,
        "s3_region": s3.facts["region"], "s3_endpoint_url": s3.facts["endpoint_url"], "batch_size_rows": 1,
        "aws_access_key_id": keys["access_key_id"], "aws_secret_access_key": keys["secret_access_key"],
        "pipeline_id": "long", "load_method": "upsert", **own,
    }  # fmt: skip


@pytest.mark.roles
@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")  # of the account, which warns in its own process
@pytest.mark.parametrize(
    "kind", ["client", pytest.param("file", marks=pytest.mark.long), pytest.param("workload", marks=pytest.mark.long)]
)
def test_a_run_of_three_lifetimes_loads_everything(
    account: Server, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Each load signs in by the next token, commits once, and its STATE comes out in its turn."""
    for name, value in {**AWS, "AWS_REGION": "eu-west-1", "SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    clock, issuer, path = account.warehouse.proofs.clock, account.warehouse.proofs.issuer, tmp_path / "token"
    url = f"http://127.0.0.1:{account.server_address[1]}{TOKEN_PATH}"
    ways = {
        "client": {"user": "APP", **CLIENT, "oauth_token_request_url": url},
        "file": {**OIDC, "token_file_path": str(path)},
        "workload": ON_AWS,
    }
    path.write_text(id_token(clock.now()))
    target = TargetSnowflakeStage(config=config_of(account, s3, f"long-{kind}", **ways[kind]))
    ended, begun = os.pipe()
    emitted: list[int] = []

    def tap(*messages: dict[str, Any]) -> None:
        os.write(begun, "".join(json.dumps(one) + "\n" for one in messages).encode())

    def emit(text: str) -> None:
        emitted.append(json.loads(text))
        if len(emitted) > LIFETIMES:
            os.close(begun)
            return
        clock.move({"seconds": MASTER_SECONDS + 1})
        path.write_text(id_token(clock.now()))
        tap(record(id=len(emitted)), state(len(emitted)))

    connector, settings = target.connector(), target.load_settings()
    connector.warehouse.pause = lambda seconds: None
    run = Run(
        warehouse=connector.warehouse, stage=connector.stage, file_format=connector.file_format, settings=settings,
        intake=Intake(settings, mapper_of(settings, None)), emit=emit, runtime=STANDARD, layout=connector.layout,
    )  # fmt: skip
    tap({**schema(id={"type": "integer"}), "key_properties": ["id"]}, record(id=0), state(0))
    with open(ended, "rb") as source:
        run.read(source)
    assert emitted == [0, 1, 2, 3]
    session = connector.warehouse.session
    assert session.execute("SELECT ID FROM DEMO.PUBLIC.ORDERS ORDER BY ID") == [(0,), (1,), (2,), (3,)]
    assert session.execute('SELECT COUNT(*) FROM DEMO.PUBLIC."_SINGER_LOADS"') == [(4,)]
    assert not (kind == "client" and issuer.issued < LIFETIMES + 1)
    connector.warehouse.close()
