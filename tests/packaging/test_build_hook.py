"""Whether a native library is built, and by which compiler: what the build hook of singer-bulk decides."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.environments import TOP

PROJECT = TOP / "singer-bulk"
ZIG = ["ziglang>=0.15,<0.18"]
FAILS = "exit 1"
MAKES_NO_LIBRARY = 'for last; do :; done; echo text > "$last"'


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """native/build.py where the folder `compilers` has the only programs; ziglang is not in our environment."""
    monkeypatch.syspath_prepend(PROJECT)
    monkeypatch.setenv("PATH", str(tmp_path / "compilers"))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.delenv("SINGER_BULK_NATIVE", raising=False)
    (tmp_path / "compilers").mkdir()
    from native import build

    return build


def add_compiler(folder: Path, script: str) -> None:
    """Put a `cc` where programs are."""
    program = folder / "compilers" / "cc"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize(
    ("wish", "has_compiler", "requirements"),
    [
        ("", True, []),
        ("", False, ZIG),
        ("required", True, []),
        ("required", False, ZIG),
        ("none", True, []),
        ("none", False, []),
        ("musllinux_1_2_aarch64", True, ZIG),
        ("win_amd64", False, ZIG),
    ],
)
def test_zig_is_asked_for_where_it_compiles(
    build: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wish: str, has_compiler: bool, requirements: list[str]
) -> None:
    """pip and uv bring ziglang where there is no compiler, and for other platforms; for nobody else."""
    if has_compiler:
        add_compiler(tmp_path, "")
    monkeypatch.setenv("SINGER_BULK_NATIVE", wish)
    assert build.requirements() == requirements


def test_a_wish_that_is_none_is_refused(build: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo in SINGER_BULK_NATIVE is no wheel without library."""
    monkeypatch.setenv("SINGER_BULK_NATIVE", "non")
    with pytest.raises(build.CannotBuild, match="is 'non'; expected one of none, required, manylinux_2_17_x86_64"):
        build.requirements()


@pytest.mark.parametrize(
    ("script", "said"),
    [(None, "no compiler (CC, cc, gcc, clang), and no ziglang"), (FAILS, "fails"), (MAKES_NO_LIBRARY, "_rows")],
    ids=["none", "fails", "no library"],
)
def test_without_a_compiler_the_build_goes_on(
    build: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    script: str | None,
    said: str,
) -> None:
    """No compiler, one that fails, and one for another machine: no library, said once, unless one is required."""
    if script is not None:
        add_compiler(tmp_path, script)
    assert build.build(tmp_path) is None
    told = capsys.readouterr().err
    assert told.count("built without its native library") == 1
    assert said in told
    monkeypatch.setenv("SINGER_BULK_NATIVE", "none")
    assert build.build(tmp_path) is None
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("SINGER_BULK_NATIVE", "required")
    with pytest.raises(build.CannotBuild):
        build.build(tmp_path)


def test_the_library_of_before_goes(build: Any, tmp_path: Path) -> None:
    """A library is exchanged where it differs, left alone where it does not, and taken away where there is none now."""
    new, beside = tmp_path / "compilers" / "_rows.so", tmp_path / "_rows"
    beside.with_suffix(".dll").write_bytes(b"of another system")
    files = []
    for content in (b"one", b"one", b"two"):
        new.write_bytes(content)
        build.install(build.Built(new, ""), beside)
        assert beside.with_suffix(".so").read_bytes() == content
        files.append(os.stat(beside.with_suffix(".so")).st_ino)
    assert files[0] == files[1] != files[2]
    build.install(None, beside)
    assert [path.name for path in tmp_path.iterdir()] == ["compilers"]


def test_the_versions_of_zig_are_the_same_everywhere() -> None:
    """What the hook asks for is what make wheels installs."""
    assert f'"{ZIG[0]}",' in (TOP / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.skipif(os.environ.get("SINGER_BULK_NATIVE") == "none", reason="no library is wanted")
@pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no compiler")
def test_the_checkout_has_its_library() -> None:
    """With a compiler `make setup` brings the library: C that does not compile is no silent loss of speed."""
    (library,) = (PROJECT / "singer_bulk" / "encode").glob("_rows.*")
    code = f"import ctypes; print(ctypes.CDLL({str(library)!r}).native_version())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 0
