"""An AWS in this process, which the environment leads boto3 to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.aws_endpoint import REGION, Aws, MovedClock, serving


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Aws]:
    """Return it; the environment has keys of the user loader, a region and every endpoint, and no proxy."""
    with serving(Aws(MovedClock())) as found:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "HTTP_PROXY", "http_proxy"):
            monkeypatch.delenv(name, raising=False)
        given = {
            "AWS_ACCESS_KEY_ID": "AKIALOADER",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": found.url,
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield found
