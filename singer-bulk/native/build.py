"""How do the C files of this folder become one shared library, for this machine or for another one?

With the system's compiler, else with zig's (zig.py), which also compiles for other platforms. Needs Python's standard
library alone: the build hook (../hatch_build.py) calls it. `python -m native.build` says why there is no library, which
pip and uv keep to themselves.

The variable SINGER_BULK_NATIVE says what is wanted:
    (not set)     a library if one can be compiled, else none
    none          no library, and no compiler is looked for
    required      a library, or the build fails
    a platform    the library of that platform (one of zig.TARGETS, for instance musllinux_1_2_aarch64), by zig
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from native import zig
from native.zig import CannotBuild, Target

LIBRARY = zig.FOLDER.parent / "singer_bulk" / "encode" / "_rows"  # without its suffix
VARIABLE = "SINGER_BULK_NATIVE"
SUFFIXES = sorted({target.suffix for target in zig.TARGETS})
_LOADS = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).native_version()"
_LOAD_SECONDS = 60


class Built(NamedTuple):
    """A library, and the platforms that its wheel names."""

    path: Path
    platforms: str


def wanted() -> str:
    """Return what SINGER_BULK_NATIVE says; raises CannotBuild for a value that it cannot have."""
    value = os.environ.get(VARIABLE, "")
    known = ["none", "required", *(target.platform for target in zig.TARGETS)]
    if value and value not in known:
        raise CannotBuild(f"{VARIABLE} is {value!r}; expected one of {', '.join(known)}, or nothing")
    return value


def requirements() -> list[str]:
    """Return what the build needs from the package registry: zig, where it is to compile and is not installed."""
    wish = wanted()
    if wish == "none" or zig.is_installed():
        return []
    if wish in ("", "required") and (this_machine() is None or any(_system_compilers())):
        return []
    return [zig.REQUIREMENT]


def build(folder: Path) -> Built | None:
    """Compile into the folder what is wanted; None is no library, said once on standard error.

    Raises CannotBuild where a library is asked for by name and there is none.
    """
    wish = wanted()
    if wish == "none":
        return None
    for target in zig.TARGETS:
        if target.platform == wish:
            return _by_zig(target, folder)
    try:
        return _for_this_machine(folder)
    except CannotBuild as reason:
        if wish == "required":
            raise
        sys.stderr.write(f"singer-bulk is built without its native library: {reason}\n")
        return None


def this_machine() -> Target | None:
    """Return the target whose wheel this machine takes, if there is one."""
    machine = platform.machine()
    kind = {"darwin": "macosx_11_0", "win32": "win"}.get(sys.platform, sys.platform)
    if sys.platform == "linux":
        kind = "manylinux_2_17" if platform.libc_ver()[0] == "glibc" else "musllinux_1_2"
    name = f"{kind}_{machine}".lower()
    return next((target for target in zig.TARGETS if target.platform == name), None)


def install(built: Built | None, beside: Path = LIBRARY) -> None:
    """Put the library beside the modules that load it, or take away the one of an earlier build.

    A library that is the same already stays untouched, and another one is exchanged in one step: a process that has
    loaded the old one keeps it.
    """
    for suffix in SUFFIXES:
        present = beside.with_suffix(suffix)
        if built is None or suffix != built.path.suffix:
            present.unlink(missing_ok=True)
        elif not present.exists() or present.read_bytes() != built.path.read_bytes():
            with tempfile.NamedTemporaryFile(dir=present.parent, prefix="_rows.", suffix=".new", delete=False) as copy:
                copy.write(built.path.read_bytes())
            os.chmod(copy.name, 0o644)
            os.replace(copy.name, present)


def _for_this_machine(folder: Path) -> Built:
    """Compile with the first compiler whose library can be loaded; raises CannotBuild with what each of them said."""
    suffix = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
    path = folder / f"_rows{suffix}"
    reasons = []
    for compiler in _system_compilers():
        try:
            zig.run([*compiler, *zig.FLAGS, "-shared", *_system_flags(), *zig.sources(), "-o", str(path)])
            _load(path)
            return Built(path, _system_platform())
        except CannotBuild as reason:
            reasons.append(str(reason))
    target = this_machine()
    if zig.is_installed() and target is not None:
        built = _by_zig(target, folder)
        _load(built.path)
        return built
    raise CannotBuild("; ".join(reasons) or "no compiler (CC, cc, gcc, clang), and no ziglang")


def _by_zig(target: Target, folder: Path) -> Built:
    if not zig.is_installed():
        raise CannotBuild(f"ziglang is not installed, which compiles for {target.platform}")
    path = folder / f"_rows{target.suffix}"
    zig.build_library(target, path)
    # manylinux2014 is the name of manylinux_2_17 for installers of before 2021.
    older = target.platform.replace("manylinux_2_17", "manylinux2014")
    return Built(path, ".".join(sorted({older, target.platform})))


def _system_compilers() -> Iterator[list[str]]:
    for words in (shlex.split(os.environ.get("CC", "")), ["cc"], ["gcc"], ["clang"]):
        if words and shutil.which(words[0]):
            yield words


def _system_flags() -> list[str]:
    if sys.platform == "darwin":
        return ["-mmacosx-version-min=11.0", "-Wl,-install_name,@rpath/_rows.dylib"]
    return ["-s"]


def _system_platform() -> str:
    """Return the platform of what the system's compiler made: no glibc older than this machine's is promised."""
    if sys.platform == "darwin":
        return f"macosx_11_0_{platform.machine()}"
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")


def _load(path: Path) -> None:
    """Load the library in a process of its own: what a cross compiler made, or one for 32 bits, is no use."""
    zig.run([sys.executable, "-c", _LOADS, str(path)], _LOAD_SECONDS)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as _folder:
        build(Path(_folder))
