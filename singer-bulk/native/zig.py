"""How does zig compile the C files of this folder for a platform, this one or another?

`python -m ziglang` brings a C compiler with the headers and start-up code of every platform below.

`python -m native.zig PLATFORM MAIN PROGRAM` makes a program of a C file for a platform, as musllinux_1_2_aarch64.
"""

from __future__ import annotations

import importlib.util
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent
# The versions that were tried: zig changes its commands from one to the next.
REQUIREMENT = "ziglang>=0.15,<0.18"

# The baseline of each architecture, no -march: a wheel runs on every machine of its platform. -ffp-contract=off: a
# multiplication and an addition stay two steps, so that doubles come out the same on arm64 and on x86-64.
FLAGS = ("-O3", "-std=c11", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-g0")
_COMPILE_SECONDS = 1800  # zig builds the runtime of a platform before its first use; on a busy machine that is slow


class Target(NamedTuple):
    """A platform that gets a wheel: its name in wheels, what zig calls it, the suffix of its libraries."""

    platform: str
    zig: str
    suffix: str


# Python 3.10 came to Alpine with musl 1.2. macOS 11 is the first that runs on arm64.
TARGETS = (
    Target("manylinux_2_17_x86_64", "x86_64-linux-gnu.2.17", ".so"),
    Target("manylinux_2_17_aarch64", "aarch64-linux-gnu.2.17", ".so"),
    Target("musllinux_1_2_x86_64", "x86_64-linux-musl", ".so"),
    Target("musllinux_1_2_aarch64", "aarch64-linux-musl", ".so"),
    Target("macosx_11_0_x86_64", "x86_64-macos.11.0", ".dylib"),
    Target("macosx_11_0_arm64", "aarch64-macos.11.0", ".dylib"),
    Target("win_amd64", "x86_64-windows-gnu", ".dll"),
)


class CannotBuild(Exception):
    """There is no library, for the reason in the text."""


def is_installed() -> bool:
    """Whether this Python has ziglang."""
    return importlib.util.find_spec("ziglang") is not None


def build_library(target: Target, path: Path) -> None:
    """Compile the sources into a library of the target; raises CannotBuild."""
    if target.suffix == ".dll":
        _build_dll(target, path)
        return
    names = ["-Wl,-install_name,@rpath/_rows.dylib"] if target.suffix == ".dylib" else []
    run([*_cc(target), *FLAGS, "-shared", "-s", *names, *sources(), "-o", str(path)])


def build_program(target: Target, main: Path, program: Path) -> None:
    """Compile a C file with a main and the sources into one program that needs no library; raises CannotBuild."""
    flags = ("-O2", "-std=c11", "-ffp-contract=off", "-static", "-g0", "-s")
    run([*_cc(target), *flags, *sources(), str(main), "-o", str(program)])


def _build_dll(target: Target, path: Path) -> None:
    """Link with Windows' own C library alone.

    `zig cc -shared` builds mingw's runtime before its first DLL, two minutes of CPU for what we do not use: entry.c
    takes its place, and four functions come from ucrtbase.dll, which is part of Windows 10 and which Python needs, too.
    """
    objects = []
    for source in [*sources(), str(Path("windows", "entry.c"))]:
        objects.append(str(path.with_name(f"{Path(source).stem}.o")))
        run([*_cc(target), *FLAGS, "-c", source, "-o", objects[-1]])
    imports = str(path.with_name("ucrtbase.a"))
    run([*_zig("dlltool"), "-m", "i386:x86-64", "-d", str(Path("windows", "ucrtbase.def")), "-l", imports])
    link = ["-dynamic", "-target", target.zig, "-O", "ReleaseFast", "-fstrip", "-fcompiler-rt", "-fno-emit-implib"]
    run([*_zig("build-lib"), *link, f"-femit-bin={path}", *objects, imports])


def sources() -> list[str]:
    """Return the C files, relative to the folder, so that no path of the machine gets into the library."""
    return sorted(path.name for path in FOLDER.glob("*.c"))


def run(command: Sequence[str], seconds: int = _COMPILE_SECONDS) -> None:
    """Run a command in the folder of the sources; raises CannotBuild with what it says."""
    try:
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuild(f"{command[0]}: {error}") from error
    if done.returncode:
        raise CannotBuild(f"{shlex.join(command)} fails: {done.stderr.strip()[-2000:]}")


def _cc(target: Target) -> list[str]:
    return [*_zig("cc"), "-target", target.zig]


def _zig(command: str) -> list[str]:
    return [sys.executable, "-m", "ziglang", command]


def main(platform: str, source: str, program: str) -> None:
    """Make a program."""
    (target,) = (target for target in TARGETS if target.platform == platform)
    build_program(target, Path(source).absolute(), Path(program).absolute())


if __name__ == "__main__":
    main(*sys.argv[1:])
