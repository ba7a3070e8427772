"""All that a release is, into dist/<version>/: built, tried, listed and summed. Nothing is published.

`python -m tests.packaging.release` as docs/release.md tells. --dirty: with changes that are not committed;
--this-machine: singer-bulk's wheel for this platform alone, which takes seconds instead of minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from local_warehouse.supervisor import StandIns

from tests.environments import TOP, environment
from tests.package_metadata import declared
from tests.packaging.test_install import COMMANDS, WAREHOUSES, build, install, load

SBOM_VERSION = "1.6"


class NotReady(Exception):
    """The release cannot be made; the message says what is to be done."""


def release(folder: Path, *, dirty: bool = False, this_machine: bool = False) -> None:
    """Make the release in the folder; raises NotReady, or what a failed step raises."""
    version = declared()["version"]
    if not dirty and _git("status", "--porcelain"):
        raise NotReady("there are changes that are not committed: commit them, or say --dirty")
    notes = changelog_section((TOP / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "notes.md").write_text(notes, encoding="utf-8")
    build(folder)
    (folder / ".gitignore").unlink(missing_ok=True)
    if not this_machine:
        _platform_wheels(folder, version)
    packages = sorted([*folder.glob("*.whl"), *folder.glob("*.tar.gz")])
    subprocess.run([environment("twine", ["twine>=6"]) / "twine", "check", "--strict", *packages], check=True)
    (folder / "tried.json").write_text(json.dumps(tried(folder), indent=2) + "\n")
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in sorted(folder.iterdir())]
    (folder / "SHA256SUMS").write_text("".join(sums))


def changelog_section(text: str, version: str) -> str:
    """Return what the changelog says of the version, or of what is not released yet; raises NotReady if nothing."""
    for title in (re.escape(version), "Unreleased"):
        found = re.search(rf"^## \[?{title}\b.*?\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
        if found and found[1].strip():
            return found[1].strip() + "\n"
    raise NotReady(f"CHANGELOG.md says nothing of {version}, and nothing under Unreleased")


def tried(folder: Path) -> dict[str, Any]:
    """Install each command from the built wheels alone, load a record, list what it needs; return what was seen."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    cyclonedx = environment("cyclonedx", ["cyclonedx-bom>=7"]) / "cyclonedx-py"
    seen: dict[str, Any] = {"python": python}
    with tempfile.TemporaryDirectory() as place, StandIns() as running:
        for command in COMMANDS:
            made = install(folder, command, python, Path(place) / command)
            seen[command] = {"packages": made.packages, "megabytes": round(made.megabytes)}
            if command != "local-warehouse":
                seen[command]["version"] = made.run(command, "--version").strip()
            if command in WAREHOUSES:
                seen[command]["loaded"] = load(made, command, running).strip()
            sbom = folder / f"{command}.cdx.json"
            subprocess.run(
                [
                    cyclonedx, "environment", "--spec-version", SBOM_VERSION, "--output-reproducible",
                    "--output-file", sbom, made.folder / "bin" / "python",
                ],
                check=True,
            )  # fmt: skip
            seen[command]["components"] = len(json.loads(sbom.read_text())["components"])
    return seen


def _platform_wheels(folder: Path, version: str) -> None:
    subprocess.run(["make", "wheels"], cwd=TOP, check=True)
    for local in folder.glob("singer_bulk-*.whl"):
        local.unlink()
    for wheel in (TOP / "dist").glob(f"singer_bulk-{version}-*.whl"):
        shutil.copy(wheel, folder)


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=TOP, check=True, capture_output=True, text=True).stdout.strip()


def main() -> int:
    """Make the release of this checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dirty", action="store_true")
    parser.add_argument("--this-machine", action="store_true")
    chosen = parser.parse_args()
    folder = TOP / "dist" / declared()["version"]
    try:
        release(folder, dirty=chosen.dirty, this_machine=chosen.this_machine)
    except NotReady as problem:
        print(problem, file=sys.stderr)
        return 1
    print("".join(f"{file.stat().st_size:>12,} {file.name}\n" for file in sorted(folder.iterdir())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
