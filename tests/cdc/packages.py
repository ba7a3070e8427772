"""MariaDB, PostgreSQL with wal2json, and the taps that read their logs, from packages into folders under .envs/.

`python -m tests.cdc.packages` brings what is not there yet. Exit status 3, with one line on standard output: Debian's
packages cannot be had here (no apt, no such package, no registry), so there is nothing to test; 0: all is there.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tests.debian import AptCache, Unavailable, libraries, program, unpacked
from tests.environments import environment

CANNOT_BE_HAD = 3
TAPS = {
    "mysql": ["pipelinewise-tap-mysql==1.6.0"],
    "postgres": ["pipelinewise-tap-postgres==2.1.0"],
    "meltano-postgres": ["meltanolabs-tap-postgres==0.10.0"],
}


@dataclass(frozen=True)
class Tools:
    """Where the programs are. `root` holds what was unpacked, laid out as Debian installs it below /."""

    root: Path

    @property
    def libraries(self) -> str:
        """The value of LD_LIBRARY_PATH that the unpacked programs need."""
        return libraries(self.root)

    @property
    def postgres(self) -> Path:
        """The folder with initdb and postgres, of the version that wal2json was built for."""
        version = self.wal2json.parent.name
        return self.program(f"usr/lib/postgresql/{version}/bin/postgres").parent

    @property
    def wal2json(self) -> Path:
        """The folder with wal2json.so."""
        found = (place.glob("usr/lib/postgresql/*/lib/wal2json.so") for place in (self.root, Path("/")))
        return max(path.parent for path in chain(*found))

    def program(self, path: str) -> Path:
        """Return a file of a package: the unpacked one, or that of the machine."""
        return program(self.root, path)


def servers() -> Tools:
    """Return the database servers, unpacking them if they are not there yet; raises Unavailable."""
    return Tools(unpacked("debian", _names))


def tap(name: str) -> Path:
    """Return the command of a tap, installing it into an environment of its own if it is not there yet."""
    return environment(f"tap-{name}", TAPS[name]) / ("tap-mysql" if name == "mysql" else "tap-postgres")


def _names(apt_cache: AptCache) -> list[str]:
    """Return the names of the packages, of the newest PostgreSQL for which there is wal2json."""
    found = apt_cache("search", "--names-only", r"^postgresql-[0-9]+-wal2json$")
    versions = re.findall(r"^postgresql-(\d+)-wal2json ", found, re.MULTILINE)
    if not versions:
        raise Unavailable("no package postgresql-*-wal2json")
    version = max(versions, key=int)
    return ["mariadb-server-core", "mariadb-client-core", f"postgresql-{version}", f"postgresql-{version}-wal2json"]


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
