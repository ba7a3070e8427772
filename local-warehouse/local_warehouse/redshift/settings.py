"""What does the supervisor tell this server?  One JSON line on standard input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Settings:
    """How to reach S3 and STS, and who may log in; secrets stay out of repr()."""

    s3_endpoint_url: str
    service_access_key_id: str
    service_secret_access_key: str = field(repr=False)
    user: str
    password: str = field(repr=False)
    database: str = "dev"
    schema: str | None = None  # made at the start
    region: str = "us-east-1"
    account_id: str = "123456789012"
    default_role_arn: str | None = None
    dir: str | None = None
    admin_socket: str | None = None
    iam_socket: str = ""  # of the server that knows access keys and policies
    deployment: str = "provisioned"  # or "serverless"
    host: str = "127.0.0.1"
    port: int = 0

    @classmethod
    def parse(cls, line: str) -> Settings:
        """Read the line; raises ValueError for what is unknown or missing."""
        values: Mapping[str, Any] = json.loads(line)
        known = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - known):
            raise ValueError(f"unknown settings: {', '.join(unknown)}")
        return cls(**values)
