"""The Containerfile keeps its rules, and its steps make what they promise, where no builder is at hand."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.package_metadata import declared
from tests.packaging.containerfile import CONTAINERFILE, problems, stages, steps
from tests.packaging.test_install import build

TEXT = CONTAINERFILE.read_text(encoding="utf-8")


def test_nothing_is_wrong() -> None:
    """The file of this repository keeps all rules."""
    assert list(problems(TEXT)) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("3.13-slim-bookworm", "latest", "no version in its tag"),
        ("docker.io/library/python", "python", "of which registry"),
        ("USER 65532:65532", "USER root", "not root's"),
        ("USER 65532:65532\n", "", "not root's"),
        ("--no-cache-dir ", "", "leaves its cache"),
        ("COPY --from=build /opt /opt", "COPY . /opt", "no source"),
        ("HEALTHCHECK", "# HEALTHCHECK", "one HEALTHCHECK"),
        ('CMD ["target-redshift-copy", "--help"]', "CMD target-redshift-copy --help", "no list of words"),
        ("ENV PATH", "ENV AWS_SECRET_ACCESS_KEY=x PATH", "names a secret"),
        ("WORKDIR /work", "WORKDIR work", "absolute"),
        ("COPY --from", "ADD --from", "is no instruction"),
    ],
)
def test_what_is_wrong_is_noticed(before: str, after: str, said: str) -> None:
    """Each rule finds the fault that it is there for."""
    assert before in TEXT
    assert said in "\n".join(problems(TEXT.replace(before, after)))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_steps_make_the_image(tmp_path: Path) -> None:
    """Each RUN of the first stage, in a folder instead of a container; then the health check of the last one."""
    first, last = stages(steps(TEXT))
    root = tmp_path / "root"
    (root / "wheels").mkdir(parents=True)
    for wheel in build(tmp_path / "built").glob("*.whl"):
        shutil.copy(wheel, root / "wheels")
    (root / "python").mkdir()
    os.symlink(sys.executable, root / "python" / "python")
    variables = {**os.environ, "PATH": f"{root / 'python'}:{os.environ['PATH']}"}
    for step in first:
        if step.word == "RUN":
            # What lies at the root of the container lies in the folder here.
            text = re.sub(r"(?<![\w$}])/(opt|wheels)\b", rf"{root}/\1", step.text)
            subprocess.run(["sh", "-euc", text], cwd=tmp_path, check=True, env=variables, stdout=subprocess.PIPE)
    (health,) = [step for step in last if step.word == "HEALTHCHECK"]
    command = json.loads(health.text[health.text.index("[") :])
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PATH": f"{root}/opt/bin:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len([line for line in done.stdout.splitlines() if declared()["version"] in line]) == 3
    assert not list(root.glob("opt/*/bin/pip"))
    # Sources stay in the first stage; what numpy brings of its own is numpy's.
    assert not list(root.glob("opt/*/lib/python*/site-packages/singer_bulk/**/*.c"))
