"""What each server is told at its start, and the configuration files that fit the running servers.

Secrets are made anew for every start. They travel by stdin and in files of mode 0600.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_warehouse.directory import admin_socket

REGION = "us-east-1"
# The schema that the configurations name: there from the start, as in an account that is ready for loads.
TARGET_SCHEMA = "analytics"
ACCOUNT_ID = "123456789012"

Facts = Mapping[str, Any]  # the ready line of a server


def _new_password() -> str:
    # Redshift wants 8 to 64 characters, an upper and a lower letter and a digit; no ' " \ / @ or space.
    # https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
    return "Lw1" + secrets.token_urlsafe(18)


def for_s3(directory: Path, s3: str) -> dict[str, Any]:
    """Settings line of local_warehouse.s3."""
    return {
        "dir": str(directory / "s3"),
        "port": 0,
        "s3": s3,
        "region": REGION,
        "account_id": ACCOUNT_ID,
        "admin_socket": str(admin_socket(directory, "s3")),
    }


def _aws_of(directory: Path, server: str, s3: Facts) -> dict[str, Any]:
    return {
        "dir": str(directory / server),
        "region": s3["region"],
        "account_id": s3["account_id"],
        "s3_endpoint_url": s3["endpoint_url"],
        "service_access_key_id": s3["keys"]["service"]["access_key_id"],
        "service_secret_access_key": s3["keys"]["service"]["secret_access_key"],
        "admin_socket": str(admin_socket(directory, server)),
    }


def for_redshift(directory: Path, s3: Facts, deployment: str) -> dict[str, Any]:
    """Settings line of local_warehouse.redshift."""
    return {
        **_aws_of(directory, "redshift", s3),
        "iam_socket": str(admin_socket(directory, "s3")),
        "default_role_arn": s3["roles"]["redshift-copy"],
        "user": "loader",
        "password": _new_password(),
        "database": "dev",
        "deployment": deployment,
        "schema": TARGET_SCHEMA,
    }


def for_snowflake(directory: Path, s3: Facts) -> dict[str, Any]:
    """Settings line of local_warehouse.snowflake."""
    integration = {
        "name": "LOCAL_S3",
        "role_arn": s3["roles"]["snowflake-stage"],
        "allowed_locations": [f"s3://{s3['bucket']}/"],
    }
    return {
        **_aws_of(directory, "snowflake", s3),
        "account": "local",
        "user": "LOADER",
        "password": _new_password(),
        "role": "LOADER",
        "warehouse": "LOADING",
        "database": "DEMO",
        "schema": TARGET_SCHEMA.upper(),
        "integrations": [integration],
        "users": [],
    }


def _s3_settings(s3: Facts) -> dict[str, Any]:
    loader = s3["keys"]["loader"]
    return {
        "s3_bucket": s3["bucket"],
        "s3_key_prefix": "singer",
        "s3_region": s3["region"],
        "s3_endpoint_url": s3["endpoint_url"],
        "aws_access_key_id": loader["access_key_id"],
        "aws_secret_access_key": loader["secret_access_key"],
    }


# rclone knows no roles: with it, a COPY names the loader's keys.
def redshift_config(told: Facts, ready: Facts, s3: Facts) -> dict[str, Any]:
    """A complete configuration of target-redshift-copy."""
    return {
        "host": ready["host"],
        "port": ready["port"],
        "user": told["user"],
        "password": told["password"],
        "database": told["database"],
        "sslmode": "require",
        "default_target_schema": told["schema"],
        **({} if s3["s3"] == "rclone" else {"iam_role": s3["roles"]["redshift-copy"]}),
        **_s3_settings(s3),
    }


def snowflake_config(told: Facts, ready: Facts, s3: Facts) -> dict[str, Any]:
    """A complete configuration of target-snowflake-stage."""
    return {
        **{name: told[name] for name in ("account", "user", "password", "role", "warehouse", "database")},
        "host": ready["host"],
        "port": ready["port"],
        "protocol": ready.get("protocol", "http"),
        "default_target_schema": told["schema"],
        "stage": "SINGER_STAGE",
        "file_format": "SINGER_PIPE",
        **({} if s3["s3"] == "rclone" else {"storage_integration": "LOCAL_S3"}),
        **_s3_settings(s3),
    }


def environment(directory: Path, s3: Facts) -> dict[str, str]:
    """The environment of COMMAND: ours added, what would lead the AWS SDKs elsewhere taken out."""
    elsewhere = (
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_REGION",
        "AWS_ENDPOINT_URL_S3",
        "AWS_ENDPOINT_URL_STS",
    )
    kept = {name: value for name, value in os.environ.items() if name not in elsewhere}
    loopback = ",".join(filter(None, [kept.get("NO_PROXY") or kept.get("no_proxy"), "127.0.0.1,localhost"]))
    return {
        **kept,
        "NO_PROXY": loopback,
        "no_proxy": loopback,
        "LOCAL_WAREHOUSE_DIR": str(directory),
        "REDSHIFT_CONFIG": str(directory / "redshift.json"),
        "SNOWFLAKE_CONFIG": str(directory / "snowflake.json"),
        "AWS_ENDPOINT_URL": s3["endpoint_url"],
        "AWS_ACCESS_KEY_ID": s3["keys"]["loader"]["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": s3["keys"]["loader"]["secret_access_key"],
        "AWS_DEFAULT_REGION": s3["region"],
    }


def write_private(path: Path, values: Mapping[str, Any]) -> None:
    """Write JSON that only its owner can read, from the first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        json.dump(values, file, indent=2)
        file.write("\n")
