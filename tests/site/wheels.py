"""For which platforms have the packages that we need wheels? Read from uv.lock, where the names of their files stand.

docs/platforms.md has the tables. Without a wheel pip compiles a package, which wants a compiler, and often a library.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from packaging.markers import Marker
from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

from tests.environments import TOP
from tests.package_metadata import declared

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PAGE = TOP / "docs" / "platforms.md"
MARKED = re.compile(r"(<!-- wheels -->\n).*(<!-- end of wheels -->\n)", re.DOTALL)
COMMANDS = ("target-redshift-copy", "target-snowflake-stage", "tap-csv-extract", "local-warehouse")
PYTHON = (3, 13)


@dataclass(frozen=True)
class Platform:
    """What it is called, how the platform part of a wheel's name looks there, and what markers say."""

    title: str
    wheel: str
    markers: Mapping[str, str]

    def takes(self, tags: frozenset[Tag]) -> bool:
        """Return whether a wheel of these tags can be installed there."""
        return any(_interpreter(tag) and re.fullmatch(f"any|{self.wheel}", tag.platform) for tag in tags)


def _system(name: str, system: str, machine: str) -> dict[str, str]:
    os_name = "nt" if name == "win32" else "posix"
    return {"sys_platform": name, "platform_system": system, "platform_machine": machine, "os_name": os_name}


PLATFORMS = (
    Platform("Linux x86-64", r"(many)?linux.*_x86_64", _system("linux", "Linux", "x86_64")),
    Platform("Linux arm64", r"(many)?linux.*_aarch64", _system("linux", "Linux", "aarch64")),
    Platform("musl x86-64", r"musllinux.*_x86_64", _system("linux", "Linux", "x86_64")),
    Platform("musl arm64", r"musllinux.*_aarch64", _system("linux", "Linux", "aarch64")),
    Platform("macOS arm64", r"macosx_.*_(arm64|universal2)", _system("darwin", "Darwin", "arm64")),
    Platform("macOS x86-64", r"macosx_.*_(x86_64|universal2|intel)", _system("darwin", "Darwin", "x86_64")),
    Platform("Windows x86-64", "win_amd64", _system("win32", "Windows", "AMD64")),
    Platform("Windows arm64", "win_arm64", _system("win32", "Windows", "ARM64")),
)


def _interpreter(tag: Tag) -> bool:
    found = re.fullmatch(r"(?:cp|py)3(\d*)", tag.interpreter)
    if tag.interpreter == "py2.py3":
        return True
    if not found:
        return False
    minor = int(found[1] or 0)
    if tag.abi in ("none", "abi3"):
        return minor <= PYTHON[1]
    return minor == PYTHON[1] and tag.abi == f"cp3{PYTHON[1]}"


@cache
def _locked() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for package in tomllib.loads((TOP / "uv.lock").read_text(encoding="utf-8"))["package"]:
        found.setdefault(package["name"], []).append(package)
    return found


def needed(command: str, platform: Platform) -> dict[str, dict[str, Any]]:
    """Return all packages that the command needs on the platform, ours left out."""
    version = ".".join(map(str, PYTHON))
    surroundings = {
        **platform.markers, "python_version": version, "python_full_version": f"{version}.0",
        "implementation_name": "cpython", "platform_python_implementation": "CPython", "extra": "",
    }  # fmt: skip
    found: dict[str, dict[str, Any]] = {}
    waiting, seen = [(command, None, ())], set()
    while waiting:
        name, wanted, extras = waiting.pop()
        package = _chosen(name, wanted, surroundings)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        if "registry" in package["source"]:
            found[name] = package
        optional = package.get("optional-dependencies", {})
        for one in [*package.get("dependencies", ()), *(one for extra in extras for one in optional.get(extra, ()))]:
            if "marker" not in one or Marker(one["marker"]).evaluate(surroundings):
                waiting.append((one["name"], one.get("version"), tuple(one.get("extra", ()))))
    return found


def _chosen(name: str, version: str | None, surroundings: Mapping[str, str]) -> dict[str, Any]:
    versions = [one for one in _locked()[name] if version in (None, one["version"])]
    fitting = [
        one
        for one in versions
        if not one.get("resolution-markers")
        or any(Marker(marker).evaluate(dict(surroundings)) for marker in one["resolution-markers"])
    ]
    return (fitting or versions)[-1]


def _tags(package: Mapping[str, Any]) -> Iterator[frozenset[Tag]]:
    for wheel in package.get("wheels", ()):
        yield parse_wheel_filename(wheel["url"].rpartition("/")[2])[3]


def without_wheel(command: str, platform: Platform) -> list[str]:
    """Return what has to be compiled there, by name and version."""
    packages = needed(command, platform).items()
    return sorted(
        f"{name} {one['version']}" for name, one in packages if not any(map(platform.takes, _tags(one)))
    )  # fmt: skip


def table() -> str:
    """Return the tables."""
    version = ".".join(map(str, PYTHON))
    lines = [
        f"Versions of `uv.lock`, CPython {version}: how many packages a command needs, and which of them have no wheel "
        "there.\n\n",
        "| platform | " + " | ".join(COMMANDS) + " |\n|---|" + "---|" * len(COMMANDS) + "\n",
    ]
    for platform in PLATFORMS:
        cells = []
        for command in COMMANDS:
            lacking = without_wheel(command, platform)
            count = len(needed(command, platform))
            cells.append(f"{count}, all" if not lacking else f"{count}, not {', '.join(lacking)}")
        lines.append(f"| {platform.title} | " + " | ".join(cells) + " |\n")
    binary: dict[str, list[str]] = {}
    for platform in PLATFORMS:
        for command in COMMANDS:
            for name, one in needed(command, platform).items():
                if not any("any" in {tag.platform for tag in tags} for tags in _tags(one)):
                    there = any(map(platform.takes, _tags(one)))
                    binary.setdefault(name, ["-"] * len(PLATFORMS))[PLATFORMS.index(platform)] = "y" if there else "no"
    lines.append("\nThose that are compiled, one by one (y: a wheel; no: none; -: not needed there):\n\n")
    lines.append("| package | " + " | ".join(one.title for one in PLATFORMS) + " |\n|---|" + "---|" * len(PLATFORMS))
    lines.append("\n")
    lines.extend(f"| {name} | " + " | ".join(binary[name]) + " |\n" for name in sorted(binary))
    return "".join(lines)


def platforms_page(text: str) -> str:
    """Return docs/platforms.md with its tables written anew."""
    assert set(COMMANDS) < set(declared()["keywords"])
    return MARKED.sub(lambda marks: marks[1] + table() + marks[2], text)
