"""`make wheels`: every wheel of singer-bulk, built on this machine into dist/, and a look into their libraries.

Runs in .envs/wheels (the group `wheels` of the workspace): hatchling builds, ziglang compiles for every platform, and
lief, which none of them uses, reads what came out. A library that shows a name which native.h does not declare, or that
needs more than the system's C library, ends the command with status 1.
"""

from __future__ import annotations

import os
import re
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lief
from hatchling.build import build_sdist, build_wheel
from native import build, zig

PROJECT = zig.FOLDER.parent
DIST = PROJECT.parent / "dist"
CACHE = PROJECT.parent / ".envs" / "zig"  # what zig has built of the platforms' C libraries
# What every system of the platform has. api-ms-win-crt: the C runtime that is part of Windows 10.
SYSTEM = {
    "manylinux": r"libc\.so\.6",
    "musllinux": r"libc\.so",
    "macosx": r"/usr/lib/libSystem\.B\.dylib",
    "win": r"(?i:kernel32|ntdll|ucrtbase|api-ms-win-crt-[a-z0-9-]+)\.dll",
}
NEWEST_GLIBC = (2, 17)
LINKERS = {"_mh_dylib_header", "__dso_handle"}  # zig's linker for macOS shows these two of its own
MACHINES = {"x86_64": "X86_64", "amd64": "AMD64", "aarch64": "AARCH64", "arm64": "ARM64"}  # in wheels, in lief


class Look(NamedTuple):
    """What a library says of itself."""

    machine: str
    exports: list[str]
    needs: list[str]
    system: str  # the oldest system that it says it runs on


def main() -> int:
    """Build all, print the table, and return the exit status."""
    os.chdir(PROJECT)  # hatchling builds the project that it stands in
    os.environ.setdefault("ZIG_GLOBAL_CACHE_DIR", str(CACHE))
    DIST.mkdir(exist_ok=True)
    build_sdist(str(DIST))
    lief.logging.disable()
    rows, problems = [["wheel", "bytes", "of the library", "exports", "needs"]], []
    for target in zig.TARGETS:
        wheel = _wheel(target)
        library = _library(wheel)
        look = inspected(library)
        needs = ", ".join(word for word in [*look.needs, look.system] if word) or "nothing"
        rows.append([wheel.name, str(wheel.stat().st_size), str(len(library)), ", ".join(look.exports), needs])
        problems += [f"{wheel.name}: {problem}" for problem in faults(target, look)]
    _print_table(rows)
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


def _wheel(target: zig.Target) -> Path:
    os.environ[build.VARIABLE] = target.platform
    return DIST / build_wheel(str(DIST))


def _library(wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if Path(name).stem == build.LIBRARY.name)
        return archive.read(name)


def inspected(library: bytes) -> Look:
    """Return what a library says of itself."""
    parsed: Any = lief.parse(library)
    return {lief.ELF.Binary: _elf, lief.MachO.Binary: _macho, lief.PE.Binary: _pe}[type(parsed)](parsed)


def _elf(library: Any) -> Look:
    versions = [
        version.name for need in library.symbols_version_requirement for version in need.get_auxiliary_symbols()
    ]
    names = sorted(symbol.name for symbol in library.exported_symbols)
    newest = max(versions, key=_numbers, default="")
    return Look(library.header.machine_type.__name__, names, sorted(library.libraries), newest)


def _macho(library: Any) -> Look:
    names = sorted(export.symbol.name.removeprefix("_") for export in library.dyld_info.exports)
    needs = [need.name for need in library.libraries if need.command != lief.MachO.LoadCommand.TYPE.ID_DYLIB]
    system = "macOS " + ".".join(str(number) for number in library.build_version.minos)
    return Look(library.header.cpu_type.__name__, [name for name in names if name not in LINKERS], needs, system)


def _pe(library: Any) -> Look:
    names = sorted(entry.name for entry in library.get_export().entries)
    return Look(library.header.machine.__name__, names, [need.name for need in library.imports], "")


def faults(target: zig.Target, look: Look) -> list[str]:
    """Return what is wrong with a library, in words."""
    kind = target.platform.split("_")[0]
    found = []
    if look.machine != next(name for machine, name in MACHINES.items() if target.platform.endswith(machine)):
        found.append(f"is for {look.machine}")
    if look.exports != declared():
        found.append(f"exports {look.exports}, native.h declares {declared()}")
    found += [f"needs {need}" for need in look.needs if not re.fullmatch(SYSTEM[kind], need)]
    if kind == "manylinux" and _numbers(look.system) > NEWEST_GLIBC:
        found.append(f"needs {look.system}")
    if kind == "macosx" and look.system != "macOS 11.0.0":
        found.append(f"is for {look.system}")
    return found


def declared() -> list[str]:
    """Return the functions that native.h exports."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(zig.FOLDER.glob("*.h")))
    return sorted(re.findall(r"^NATIVE_EXPORT\b[^;(]*?(\w+)\(", text, re.MULTILINE))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")


if __name__ == "__main__":
    sys.exit(main())
