"""The wheels and the sdist of singer-bulk: they install, and the library in them answers, on what can be run."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.environments import FOLDER, TOP, uv
from tests.native.cases import cases, file_of, output_of

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif((sys.platform, platform.machine()) != ("linux", "x86_64"), reason="x86-64 Linux builds them"),
]
PLATFORMS = {
    "manylinux2014_x86_64.manylinux_2_17_x86_64": ".so",
    "manylinux2014_aarch64.manylinux_2_17_aarch64": ".so",
    "musllinux_1_2_x86_64": ".so",
    "musllinux_1_2_aarch64": ".so",
    "macosx_11_0_x86_64": ".dylib",
    "macosx_11_0_arm64": ".dylib",
    "win_amd64": ".dll",
}
QEMU = FOLDER / "qemu"
ASKS = (
    "import ctypes, pathlib, singer_bulk.encode as room;"
    "(path,) = pathlib.Path(room.__file__).parent.glob('_rows.*');"
    "print(ctypes.CDLL(str(path)).native_version())"
)


@pytest.fixture(scope="module")
def wheels() -> Path:
    """The folder of `make wheels`, which is run once in each worker, one after the other."""
    FOLDER.mkdir(exist_ok=True)
    with open(FOLDER / "dist.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", "wheels"], cwd=TOP, check=True)
    return TOP / "dist"


def built(source: Path, out: Path, variables: Mapping[str, str]) -> Path:
    """Build a wheel as a front end does, in an environment of its own."""
    command = [uv(), "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", out, source]
    subprocess.run(command, check=True, env={**os.environ, **variables})
    (wheel,) = out.glob("*.whl")
    return wheel


def answer_of(wheel: Path, folder: Path) -> int:
    """Install the wheel, and nothing else, into a new environment, and ask its library for the version."""
    python = folder / "bin" / "python"
    subprocess.run([uv(), "venv", "--quiet", "--python", sys.executable, folder], check=True)
    subprocess.run([uv(), "pip", "install", "--quiet", "--no-deps", "--python", python, wheel], check=True)
    done = subprocess.run([python, "-c", ASKS], check=True, capture_output=True, text=True, cwd=folder)
    return int(done.stdout)


def test_a_wheel_for_each_platform(wheels: Path) -> None:
    """The name of each wheel and its metadata say the same, and it has one library and no C."""
    for tag, suffix in PLATFORMS.items():
        (wheel,) = wheels.glob(f"singer_bulk-*-py3-none-{tag}.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            (metadata,) = (archive.read(name).decode() for name in names if name.endswith("/WHEEL"))
        others = {name for name in names if not name.endswith(".py") and ".dist-info/" not in name}
        assert others == {f"singer_bulk/encode/_rows{suffix}", "singer_bulk/py.typed"}
        assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"singer_bulk"}
        tags = [line for line in metadata.splitlines() if line.startswith("Tag: ")]
        assert tags == [f"Tag: py3-none-{name}" for name in tag.split(".")]
        assert "Root-Is-Purelib: false" in metadata


def test_the_wheel_of_this_machine_installs(wheels: Path, tmp_path: Path) -> None:
    """pip's rules take the wheel here, and the library in it loads."""
    (wheel,) = wheels.glob("*-manylinux2014_x86_64.*.whl")
    assert answer_of(wheel, tmp_path / "clean") > 0


def test_the_sdist_builds_with_the_systems_compiler(wheels: Path, tmp_path: Path) -> None:
    """The sdist has all that a build needs; what the system's compiler made claims this machine alone."""
    (sdist,) = wheels.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {Path(*Path(name).parts[1:]).as_posix() for name in archive.getnames()}
    native = TOP / "singer-bulk" / "native"
    sources = [path for path in native.rglob("*") if path.suffix in {".c", ".h", ".def", ".py"}]
    assert {path.relative_to(TOP / "singer-bulk").as_posix() for path in sources} <= names
    assert not [name for name in names if "_rows." in name]
    wheel = built(sdist, tmp_path / "out", {})
    assert wheel.name.endswith("-py3-none-linux_x86_64.whl")
    assert answer_of(wheel, tmp_path / "clean") > 0


def test_a_wheel_without_a_library(tmp_path: Path) -> None:
    """SINGER_BULK_NATIVE=none makes a wheel that every platform takes."""
    wheel = built(TOP / "singer-bulk", tmp_path, {"SINGER_BULK_NATIVE": "none"})
    assert wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if "_rows." in name]


def harness(platform_name: str, program: Path) -> Path:
    """Link tests/native/harness.c for a platform, with the compiler and the cache of make wheels."""
    python, variables = FOLDER / "wheels" / "bin" / "python", {"ZIG_GLOBAL_CACHE_DIR": str(FOLDER / "zig")}
    command = [python, "-m", "native.zig", platform_name, TOP / "tests" / "native" / "harness.c", program]
    subprocess.run(command, cwd=TOP / "singer-bulk", env={**os.environ, **variables}, check=True)
    return program


@pytest.mark.usefixtures("wheels")
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_sources_give_the_same_bytes_with_musl(machine: str, tmp_path: Path) -> None:
    """Compiled for musl, without Python, they write what this machine's library does; on arm64, too, an emulated one
    (Debian's qemu-user-static)."""
    program, made, file = harness(f"musllinux_1_2_{machine}", tmp_path / "harness"), list(cases()), tmp_path / "cases"
    file.write_bytes(file_of(made))
    command = [program, file] if machine == platform.machine() else [emulator(), program, file]
    assert subprocess.run(command, check=True, capture_output=True).stdout == output_of(made)


def emulator() -> Path:
    """Return qemu for arm64: the machine's, or the one of Debian's package, unpacked without being installed."""
    installed = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
    if installed:
        return Path(installed)
    program = QEMU / "usr" / "bin" / "qemu-aarch64-static"
    if not program.exists():
        QEMU.mkdir(exist_ok=True)
        try:
            subprocess.run(["apt-get", "download", "--quiet", "qemu-user-static"], cwd=QEMU, check=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("no Debian package qemu-user-static to be had")
        (package,) = QEMU.glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", package, QEMU], check=True)
        package.unlink()
    return program
