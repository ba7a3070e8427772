"""A release is built, tried and listed as docs/release.md says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.packaging.release import NotReady, changelog_section, release


def test_notes_are_those_of_the_version() -> None:
    """The section of the version, else what is not released yet; without either there is no release."""
    text = "# Changelog\n\n## Unreleased\n\n- new\n\n## 0.1.0\n\n- old\n"
    assert changelog_section(text, "0.1.0") == "- old\n"
    assert changelog_section(text, "0.2.0") == "- new\n"
    with pytest.raises(NotReady, match=r"nothing of 0\.2\.0"):
        changelog_section("# Changelog\n\n## Unreleased\n\n## 0.1.0\n\n- old\n", "0.2.0")


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_release_has_all_its_parts(tmp_path: Path) -> None:
    """Five packages twice, a list of what each command needs, notes, and the sum of each file."""
    release(tmp_path / "made", dirty=True, this_machine=True)
    names = {path.name for path in (tmp_path / "made").iterdir()}
    assert len([name for name in names if name.endswith(".whl")]) == 5
    assert len([name for name in names if name.endswith(".tar.gz")]) == 5
    tried = json.loads((tmp_path / "made" / "tried.json").read_text())
    for target in ("target-redshift-copy", "target-snowflake-stage"):
        assert tried[target]["loaded"] == '{"installed": 1}'
        listed = json.loads((tmp_path / "made" / f"{target}.cdx.json").read_text())["components"]
        assert {"singer-bulk", "singer-sdk"} <= {one["name"] for one in listed}
    for line in (tmp_path / "made" / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((tmp_path / "made" / name).read_bytes()).hexdigest() == digest
