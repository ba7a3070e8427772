"""MariaDB, PostgreSQL with wal2json, and the taps that read their logs, from packages into folders under .envs/.

`python -m tests.cdc.packages` brings what is not there yet. Exit status 3, with one line on standard output: Debian's
packages cannot be had here (no apt, no such package, no registry), so there is nothing to test; 0: all is there.

Debian's packages are downloaded and unpacked, not installed: no root is needed, no service starts, nothing outside
the folder changes. What is installed on the machine already is used from where it is.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.environments import FOLDER, environment

CANNOT_BE_HAD = 3
TAPS = {
    "mysql": ["pipelinewise-tap-mysql==1.6.0"],
    "postgres": ["pipelinewise-tap-postgres==2.1.0"],
    "meltano-postgres": ["meltanolabs-tap-postgres==0.10.0"],
}
_PLACE = FOLDER / "debian"
_APT_SECONDS = 300


class Unavailable(Exception):
    """What the suite needs cannot be had on this machine."""


@dataclass(frozen=True)
class Tools:
    """Where the programs are. `root` holds what was unpacked, laid out as Debian installs it below /."""

    root: Path

    @property
    def libraries(self) -> str:
        """The value of LD_LIBRARY_PATH that the unpacked programs need."""
        return ":".join(str(folder) for folder in sorted(self.root.glob("**/lib/*-linux-gnu")))

    @property
    def postgres(self) -> Path:
        """The folder with initdb and postgres, of the version that wal2json was built for."""
        return self.program(f"usr/lib/postgresql/{self._version}/bin/postgres").parent

    @property
    def wal2json(self) -> Path:
        """The folder with wal2json.so."""
        return self.program(f"usr/lib/postgresql/{self._version}/lib/wal2json.so").parent

    @property
    def _version(self) -> str:
        return (self.root / "postgres.version").read_text()

    def program(self, path: str) -> Path:
        """Return a file of a package: the unpacked one, or that of the machine."""
        for root in (self.root, Path("/")):
            if (root / path).exists():
                return root / path
        raise FileNotFoundError(path)


def servers() -> Tools:
    """Return the database servers, unpacking them if they are not there yet; raises Unavailable."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Unavailable("no apt-get here")
    with _locked():
        if not (_PLACE / ".ready").exists():
            shutil.rmtree(_PLACE, ignore_errors=True)
            _unpack()
            (_PLACE / ".ready").touch()
    return Tools(_PLACE)


def tap(name: str) -> Path:
    """Return the command of a tap, installing it into an environment of its own if it is not there yet."""
    return environment(f"tap-{name}", TAPS[name]) / ("tap-mysql" if name == "mysql" else "tap-postgres")


@contextmanager
def _locked() -> Iterator[None]:
    FOLDER.mkdir(exist_ok=True)
    with open(FOLDER / "debian.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unpack() -> None:
    """Download with the machine's lists of packages; where they are missing or old, with new ones of our own."""
    (_PLACE / "archives" / "partial").mkdir(parents=True)
    ours = [f"Dir::State::lists={_PLACE}/lists", "Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache="]
    try:
        version = _download(())
    except Unavailable:
        (_PLACE / "lists" / "partial").mkdir(parents=True)
        _apt("apt-get", "update", options=ours)
        version = _download(ours)
    for archive in sorted((_PLACE / "archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", archive, _PLACE], check=True)
    for folder in ("archives", "lists"):
        shutil.rmtree(_PLACE / folder, ignore_errors=True)
    (_PLACE / "postgres.version").write_text(version)


def _download(options: Sequence[str]) -> str:
    """Download the packages and what they need beyond what is installed; return the version of PostgreSQL."""
    found = _apt("apt-cache", "search", "--names-only", r"^postgresql-[0-9]+-wal2json$", options=options)
    versions = re.findall(r"^postgresql-(\d+)-wal2json ", found, re.MULTILINE)
    if not versions:
        raise Unavailable("no package postgresql-*-wal2json")
    version = max(versions, key=int)
    names = ["mariadb-server-core", "mariadb-client-core", f"postgresql-{version}", f"postgresql-{version}-wal2json"]
    _apt("apt-get", "install", "--download-only", "--yes", "--no-install-recommends", *names, options=options)
    return version


def _apt(command: str, *arguments: str, options: Sequence[str] = ()) -> str:
    settings = [f"Dir::Cache::archives={_PLACE}/archives", "Debug::NoLocking=true", *options]
    words = [word for setting in settings for word in ("-o", setting)]
    try:
        done = subprocess.run(
            [command, *words, *arguments], capture_output=True, text=True, check=False, timeout=_APT_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{command} {arguments[0]} does not end") from error
    if done.returncode:
        problems = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        raise Unavailable(problems[0] if problems else f"{command} {arguments[0]} fails")
    return done.stdout


def main() -> int:
    """Bring everything, or say in one line why not."""
    try:
        servers()
        for name in TAPS:
            tap(name)
    except Unavailable as problem:
        print(f"change data from real databases is not tested: {problem}")
        return CANNOT_BE_HAD
    return 0


if __name__ == "__main__":
    sys.exit(main())
