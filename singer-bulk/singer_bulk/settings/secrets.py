"""What is secret comes into no log: not into ours, and not into what boto3, urllib3 or a driver logs at DEBUG.

The libraries below log whole requests there, with tokens that no setting has (x-amz-security-token of a role), so they
keep to INFO whatever LOGLEVEL says; what they tell there, credentials found and connections made, is shown at DEBUG
alone. Values that the settings or the environment have are masked in every record.
"""

from __future__ import annotations

import logging

from singer_bulk.identity.masks import VARIABLES, masks, secrets_in
from singer_bulk.identity.references import resolved

__all__ = ["LIBRARIES", "VARIABLES", "keep_libraries_quiet", "masks", "resolved", "secrets_in"]

LIBRARIES = ("boto3", "botocore", "s3transfer", "urllib3", "snowflake", "opentelemetry", "openlineage", "httpx")


def keep_libraries_quiet() -> None:
    """Let the libraries log from WARNING on, with LOGLEVEL=DEBUG from INFO on, and what lies below only where their own
    loggers are set to it."""
    root = logging.getLogger().level
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.INFO if root <= logging.DEBUG else max(logging.WARNING, root))
