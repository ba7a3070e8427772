"""What is secret comes into no log: not into ours, and not into what boto3, urllib3 or a driver logs at DEBUG.

The libraries below log whole requests there, with tokens that no setting has (x-amz-security-token of a role), so they
keep to INFO whatever LOGLEVEL says. Values that the settings or the environment have are masked in every record.
"""

from __future__ import annotations

import logging

from singer_bulk.identity.masks import VARIABLES, masks, secrets_in

__all__ = ["LIBRARIES", "VARIABLES", "keep_libraries_quiet", "masks", "secrets_in"]

LIBRARIES = ("boto3", "botocore", "s3transfer", "urllib3", "snowflake")


def keep_libraries_quiet() -> None:
    """Let the libraries log from INFO on, and what lies below only where their own loggers are set to it."""
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger().level))
