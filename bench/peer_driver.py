"""Runs a peer with its warehouse and its S3 replaced by what drops everything: run by the peer's own Python.

`python peer_driver.py meltanolabs|pipelinewise|dlt < FILE`. Nothing else of the peer is touched, so that what is
measured is what it does per record and per file.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import Any


def settings_file(settings: dict[str, Any]) -> str:
    """Write the settings to a file and return its path."""
    handle, path = tempfile.mkstemp(suffix=".json")
    with os.fdopen(handle, "w") as file:
        json.dump(settings, file)
    return path


def meltanolabs() -> None:
    """meltanolabs-target-snowflake: its connector's calls to the warehouse, and PUT, do nothing."""
    import sqlalchemy
    from target_snowflake.connector import SnowflakeConnector
    from target_snowflake.target import TargetSnowflake

    for name in (
        "prepare_schema",
        "prepare_table",
        "create_file_format",
        "put_batches_to_stage",
        "drop_file_format",
        "remove_staged_files",
    ):
        setattr(SnowflakeConnector, name, lambda self, *arguments, **options: None)
    SnowflakeConnector.create_engine = lambda self: sqlalchemy.create_engine(self.get_sqlalchemy_url(self.config))
    for name in ("merge_from_stage", "copy_from_stage"):
        setattr(SnowflakeConnector, name, lambda self, *arguments, **options: 0)
    path = settings_file({"account": "stub", "user": "stub", "password": "stub", "database": "stub"})
    TargetSnowflake.cli(["--config", path], standalone_mode=False)


def pipelinewise() -> None:
    """pipelinewise-target-snowflake: every query answers nothing, every upload is dropped."""
    import target_snowflake
    from target_snowflake.db_sync import DbSync
    from target_snowflake.upload_clients.s3_upload_client import S3UploadClient

    def query(self: Any, sql: Any, params: Any = None, max_records: int = 0) -> list[dict[str, Any]]:
        if "SHOW FILE FORMATS" in str(sql):
            return [{"name": "STUB", "type": "CSV"}]
        return []

    DbSync.query = query
    DbSync._load_file_merge = DbSync._load_file_copy = lambda self, *arguments, **options: (0, 0)
    S3UploadClient.upload_file = lambda self, file, stream, temp_dir=None: "stub"
    S3UploadClient.delete_object = lambda self, stream, key: None
    sys.argv[1:] = [
        "--config",
        settings_file(
            {
                "account": "stub", "dbname": "stub", "user": "stub", "password": "stub", "warehouse": "stub",
                "s3_bucket": "stub", "stage": "stub.stub", "file_format": "stub.stub", "default_target_schema": "stub",
                "aws_access_key_id": "stub", "aws_secret_access_key": "stub", "s3_region_name": "us-east-1",
            }
        ),
    ]  # fmt: skip
    target_snowflake.main()


def dlt() -> None:
    """dlt: dict rows from orjson to gzip CSV files on local disk."""
    import dlt
    import orjson

    def rows() -> Any:
        found: list[Any] = []
        for line in sys.stdin.buffer:
            message = orjson.loads(line)
            if message["type"] == "RECORD":
                found.append(message["record"])
            if len(found) == 5000:
                yield found
                found = []
        yield found

    with tempfile.TemporaryDirectory() as place:
        os.environ["NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION"] = "false"
        os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=f"{place}/pipelines", destination=dlt.destinations.filesystem(f"file://{place}/out")
        )
        json_columns = {name: {"data_type": "json"} for name in ("customer", "items", "attributes")}
        resource = dlt.resource(rows, name="stream", columns=json_columns)
        pipeline.run(resource, loader_file_format="csv")


if __name__ == "__main__":
    {"meltanolabs": meltanolabs, "pipelinewise": pipelinewise, "dlt": dlt}[sys.argv.pop(1)]()
