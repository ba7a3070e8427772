"""The Singer SDK's suites for targets and taps, complete: its release, the newest pre-release, all at its lowest.

With UPDATE_DOCS=1 names and counts are written into docs/sdk.md.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.environments import PATIENCE_SECONDS, TOP, environment

pytestmark = [pytest.mark.long, pytest.mark.timeout(2400)]
PACKAGES = ("singer-bulk", "target-redshift-copy", "target-snowflake-stage", "tap-csv-extract", "local-warehouse")
OURS = [word for package in PACKAGES for word in ("--editable", str(TOP / package))]
TOOLS = ["pytest>=8.4", "pytest-timeout>=2.4", "pytest-xdist>=3.8", "hypothesis>=6.150", "orjson>=3.11", "sqlglot>=30"]
RELEASE = importlib.metadata.version("singer-sdk")
VERSIONS = {
    "release": [f"singer-sdk=={RELEASE}"],
    "newest pre-release": ["singer-sdk>=0.55.0b1"],
    # Of the packages that ours declare; what those need comes as it is today.
    "lowest declared": ["--resolution", "lowest-direct"],
}
SUITES = {
    "TestRedshift": "target-redshift-copy",
    "TestSnowflake": "target-snowflake-stage",
    "TestSdkSuite": "tap-csv-extract",
}
PAGE = TOP / "docs" / "sdk.md"
MARKED = "(<!-- {0} -->\n).*(<!-- end of {0} -->\n)"
VERSION = "import importlib.metadata as m; print(m.version('singer-sdk'))"


@dataclass(frozen=True)
class Ran:
    """What a version ran: its name, and the outcome of each test by suite."""

    version: str
    outcomes: dict[str, dict[str, str]]


def ran(requirements: list[str], folder: Path) -> Ran:
    """Run the suites in an environment of the version."""
    name = "sdk-" + re.sub(r"\W+", "-", requirements[-1])
    python = environment(name, [*requirements, *OURS, *TOOLS]) / "python"
    report = folder / "report.xml"
    done = subprocess.run(
        [
            python, "-m", "pytest", "--quiet", "--long", "-W", "ignore", "-p", "no:cacheprovider",
            f"--junit-xml={report}",
            "tests/load/test_sdk_suites.py", "tests/unit/test_tap_csv_extract.py", "-k", " or ".join(SUITES),
        ],
        cwd=TOP, capture_output=True, text=True, check=False, timeout=4 * PATIENCE_SECONDS,
        env={**os.environ, "PYTHONPATH": str(TOP)},
    )  # fmt: skip
    assert report.exists(), done.stdout[-3000:] + done.stderr[-3000:]
    outcomes: dict[str, dict[str, str]] = {command: {} for command in SUITES.values()}
    for case in ElementTree.parse(report).iter("testcase"):
        suite = next((SUITES[part] for part in case.get("classname", "").split(".") if part in SUITES), None)
        if suite:
            bad = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
            outcomes[suite][case.get("name", "")] = bad
    told = subprocess.run([python, "-c", VERSION], capture_output=True, text=True, check=True).stdout.strip()
    return Ran(told, outcomes)


@pytest.mark.parametrize("which", VERSIONS)
def test_suites_pass(which: str, tmp_path: Path) -> None:
    """Each test of each suite passes, or is skipped by the suite itself."""
    found = ran(VERSIONS[which], tmp_path)
    bad = {
        (suite, name): outcome
        for suite, outcomes in found.outcomes.items()
        for name, outcome in outcomes.items()
        if outcome not in ("passed", "skipped")
    }
    assert bad == {}
    assert all(len(outcomes) >= 14 for outcomes in found.outcomes.values())
    if os.environ.get("UPDATE_DOCS"):
        _write(which, found)


def _write(which: str, found: Ran) -> None:
    lines = [f"singer-sdk {found.version}:\n\n", "| suite | passed | skipped | tests |\n|---|---:|---:|---|\n"]
    for suite, outcomes in found.outcomes.items():
        count = Counter(outcomes.values())
        often = Counter(name.removeprefix("test_").partition("[")[0] for name in sorted(outcomes))
        names = ", ".join(f"`{name}`" + (f" ({times} times)" if times > 1 else "") for name, times in often.items())
        lines.append(f"| {suite} | {count['passed']} | {count['skipped']} | {names} |\n")
    text = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(MARKED.format(which), re.DOTALL)
    assert pattern.search(text)
    PAGE.write_text(pattern.sub(lambda marks: marks[1] + "".join(lines) + marks[2], text), encoding="utf-8")
