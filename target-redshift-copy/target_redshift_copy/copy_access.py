"""What COPY reads S3 with, and how its keys stay out of logs and errors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from singer_bulk.warehouse.words import literal

# What stands behind these words is a key, whatever is in it; one that is cut off has no end.
_SECRETS = re.compile(
    r"((?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|CREDENTIALS|PASSWORD)\s+(?:AS\s+)?)'(?:[^'\\]|\\.|'')*(?:'|\\?$)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class CopyAccess:
    """A role, or keys; and the bucket's region."""

    iam_role: str | None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None
    region: str | None = None

    @property
    def clause(self) -> str:
        """The clause of COPY (copy-parameters-authorization)."""
        if self.iam_role == "default":
            return "IAM_ROLE default"
        if self.iam_role:
            return f"IAM_ROLE {literal(self.iam_role)}"
        keys = f"ACCESS_KEY_ID {literal(self.access_key_id)} SECRET_ACCESS_KEY {literal(self.secret_access_key)}"
        return f"{keys} SESSION_TOKEN {literal(self.session_token)}" if self.session_token else keys


def masked(text: str) -> str:
    """Return the text of a statement or an error without the keys in it."""
    return _SECRETS.sub(r"\1'***'", text)
