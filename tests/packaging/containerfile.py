"""Is the Containerfile right, as far as reading it can tell? `python -m tests.packaging.containerfile` says it.

No builder and no hadolint is at hand, so the rules of docs/start/container.md are looked at here; those of hadolint
that apply are named by their numbers (https://github.com/hadolint/hadolint#rules).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CONTAINERFILE = Path(__file__).parent.parent.parent / "Containerfile"
WORDS = {"FROM", "COPY", "RUN", "ENV", "WORKDIR", "USER", "HEALTHCHECK", "CMD", "ENTRYPOINT", "ARG", "LABEL", "EXPOSE"}
SECRET = re.compile(r"(?i)password|secret|token|access_key|private_key")


@dataclass(frozen=True)
class Step:
    """One instruction: the line on which it begins, its word, and what follows, lines joined."""

    line: int
    word: str
    text: str


def steps(text: str) -> list[Step]:
    """Return the instructions."""
    found, number, lines = [], 0, text.splitlines()
    while number < len(lines):
        first, line = number + 1, lines[number].strip()
        number += 1
        if not line or line.startswith("#"):
            continue
        while line.endswith("\\"):
            line = line[:-1].rstrip() + " " + lines[number].strip()
            number += 1
        word, _, rest = line.partition(" ")
        found.append(Step(first, word, rest.strip()))
    return found


def stages(found: list[Step]) -> list[list[Step]]:
    """Return the steps of each stage, which a FROM begins."""
    cut: list[list[Step]] = []
    for step in found:
        if step.word == "FROM":
            cut.append([])
        if cut:
            cut[-1].append(step)
    return cut


def problems(text: str) -> Iterator[str]:
    """Yield what is wrong, each with its line."""
    found = steps(text)
    names = {step.text.partition(" AS ")[2] for step in found if step.word == "FROM"} - {""}
    for step in found:
        yield from (f"line {step.line}: {wrong}" for wrong in _of_step(step, names))
    built = stages(found)
    if not built:
        yield "no FROM"
        return
    last = built[-1]
    users = [step.text for step in last if step.word == "USER"]
    if not users or not re.fullmatch(r"[1-9]\d*(:[1-9]\d*)?", users[-1]):
        yield "the last USER must be a number, and not root's (DL3002)"
    if any(step.word == "RUN" for step in last) or any(
        step.word == "COPY" and "--from=" not in step.text for step in last
    ):
        yield "the last stage takes files of another one, and runs nothing: no compiler and no source stay in the image"
    for word in ("HEALTHCHECK", "CMD"):
        if len([step for step in last if step.word == word]) != 1:
            yield f"the last stage needs one {word} (DL3012, DL4003)"


def _of_step(step: Step, names: set[str]) -> Iterator[str]:
    if step.word not in WORDS:
        yield f"{step.word} is no instruction in capital letters that is used here (DL4000 among them)"
    if step.word == "FROM":
        image = step.text.split()[0]
        tag = image.rpartition("/")[2].partition(":")[2]
        if image not in names and (not re.search(r"\d", tag) or "latest" in tag):
            yield f"{image} has no version in its tag (DL3006, DL3007)"
        if image not in names and image.count("/") < 2:
            yield f"{image} does not say of which registry it is"
    if step.word in ("ENV", "ARG") and SECRET.search(step.text):
        yield f"{step.word} names a secret, which the history of the image would show"
    if step.word in ("CMD", "ENTRYPOINT") or (step.word == "HEALTHCHECK" and "CMD" in step.text):
        try:
            words = json.loads(step.text[step.text.index("[") :])
        except ValueError:
            words = None
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            yield f"{step.word} is no list of words in JSON (DL3025)"
    if step.word == "WORKDIR" and not step.text.startswith("/"):
        yield "WORKDIR is no absolute path (DL3000)"
    if step.word == "RUN":
        if "pip install" in step.text and "--no-cache-dir" not in step.text:
            yield "pip install leaves its cache in the layer (DL3042)"
        if re.search(r"\bsudo\b|apt-get upgrade|curl[^|]*\|", step.text):
            yield "no sudo, no upgrade, nothing from the network into a shell (DL3004, DL3005, DL4006)"
        if re.search(r"(^|[;&] ?)cd ", step.text):
            yield "WORKDIR instead of cd (DL3003)"


def main() -> int:
    """Print what is wrong with the Containerfile of this repository."""
    found = list(problems(CONTAINERFILE.read_text(encoding="utf-8")))
    print("\n".join(found) or f"{len(steps(CONTAINERFILE.read_text(encoding='utf-8')))} steps, nothing against them")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
