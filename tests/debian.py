"""Programs of Debian's packages, for tests: downloaded and unpacked into a folder under .envs/, not installed.

No root is needed, no service starts, nothing outside the folder changes. What is installed on the machine already is
used from where it is.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.environments import FOLDER

_APT_SECONDS = 300
# Takes the arguments of apt-cache and returns what it prints.
AptCache = Callable[..., str]


class Unavailable(Exception):
    """What a suite needs cannot be had on this machine."""


def unpacked(name: str, choose: Callable[[AptCache], Sequence[str]]) -> Path:
    """Return the folder of this name, laid out as Debian installs below /; `choose` says which packages it has.

    They come with what they need beyond what is installed, if they are not there yet. Raises Unavailable.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Unavailable("no apt-get here")
    FOLDER.mkdir(exist_ok=True)
    place = FOLDER / name
    with open(FOLDER / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / ".ready").exists():
            shutil.rmtree(place, ignore_errors=True)
            _unpack(place, choose)
            (place / ".ready").touch()
    return place


def program(root: Path, path: str) -> Path:
    """Return a file of a package: the unpacked one, or that of the machine."""
    for place in (root, Path("/")):
        if (place / path).exists():
            return place / path
    raise FileNotFoundError(path)


def libraries(root: Path) -> str:
    """Return the value of LD_LIBRARY_PATH that the unpacked programs need."""
    return ":".join(str(folder) for folder in sorted(root.glob("**/lib/*-linux-gnu")))


def _unpack(place: Path, choose: Callable[[AptCache], Sequence[str]]) -> None:
    """Download with the machine's lists of packages; where they are missing or old, with new ones of our own."""
    (place / "archives" / "partial").mkdir(parents=True)
    ours = [f"Dir::State::lists={place}/lists", "Dir::Cache::pkgcache=", "Dir::Cache::srcpkgcache="]
    try:
        _download(place, choose, ())
    except Unavailable:
        (place / "lists" / "partial").mkdir(parents=True)
        _apt(place, "apt-get", "update", options=ours)
        _download(place, choose, ours)
    for archive in sorted((place / "archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", archive, place], check=True)
    for folder in ("archives", "lists"):
        shutil.rmtree(place / folder, ignore_errors=True)


def _download(place: Path, choose: Callable[[AptCache], Sequence[str]], options: Sequence[str]) -> None:
    names = choose(lambda *arguments: _apt(place, "apt-cache", *arguments, options=options))
    arguments = ["--download-only", "--yes", "--no-install-recommends", *names]
    _apt(place, "apt-get", "install", *arguments, options=options)


def _apt(place: Path, command: str, *arguments: str, options: Sequence[str] = ()) -> str:
    settings = [f"Dir::Cache::archives={place}/archives", "Debug::NoLocking=true", *options]
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
