"""What COPY reads S3 with, and how its keys stay out of logs and errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from singer_bulk.identity.aws import AwsKeys
from singer_bulk.warehouse.words import literal

# What stands behind these words is a key, whatever is in it; one that is cut off has no end.
_SECRETS = re.compile(
    r"((?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|CREDENTIALS|PASSWORD)\s+(?:AS\s+)?)'(?:[^'\\]|\\.|'')*(?:'|\\?$)",
    re.IGNORECASE | re.DOTALL,
)

_WORDS = {
    "aws_access_key_id": "ACCESS_KEY_ID",
    "aws_secret_access_key": "SECRET_ACCESS_KEY",
    "aws_session_token": "SESSION_TOKEN",
}


@dataclass(frozen=True)
class CopyAccess:
    """A role, or keys; and the bucket's region. `keys` is called at each COPY: keys that end are never kept."""

    iam_role: str | None
    keys: Callable[[], AwsKeys] | None = None
    region: str | None = None

    @property
    def clause(self) -> str:
        """The clause of the next COPY (copy-parameters-authorization); raises ConfigError where there are no keys."""
        if self.iam_role == "default":
            return "IAM_ROLE default"
        if self.iam_role:
            return f"IAM_ROLE {literal(self.iam_role)}"
        assert self.keys is not None
        found = self.keys()
        keys = f"ACCESS_KEY_ID {literal(found.access_key_id)} SECRET_ACCESS_KEY {literal(found.secret_access_key)}"
        return f"{keys} SESSION_TOKEN {literal(found.session_token)}" if found.session_token else keys


def masked(text: str) -> str:
    """Return the text of a statement or an error without the keys in it."""
    return _SECRETS.sub(r"\1'***'", text)
