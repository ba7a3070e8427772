"""The library that is made of ../../native, if there is one for this platform.

Without it, or with one of another version, everything is done in Python: the same bytes, more slowly.
"""

from __future__ import annotations

import ctypes
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from ctypes import POINTER, Structure, c_char_p, c_uint64, c_void_p
from functools import lru_cache
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

VARIABLE = "SINGER_BULK_NATIVE"  # none: do without; the other values are for native/build.py
# That of rows.h.
NATIVE_VERSION = 2
_ENDINGS = {"darwin": ".dylib", "win32": ".dll"}
PATH = Path(__file__).parents[1] / "encode" / ("_rows" + _ENDINGS.get(sys.platform, ".so"))

_SLOWLY = "rows are encoded in Python, which takes ten to twenty times as long"

Signature = tuple[Sequence[Any], Any]


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """Return the library, or None; says once why there is none."""
    if os.environ.get(VARIABLE) == "none":
        logger.info("rows are encoded in Python: %s is none", VARIABLE)
        return None
    try:
        found = ctypes.CDLL(str(PATH))
        version = found.native_version()
    except (OSError, AttributeError) as error:
        logger.warning("%s: no native library (%s)", _SLOWLY, error)
        return None
    if version != NATIVE_VERSION:
        logger.warning("%s: the native library has version %s, not %s", _SLOWLY, version, NATIVE_VERSION)
        return None
    return found


def functions(signatures: Mapping[str, Signature]) -> ctypes.CDLL | None:
    """Return the library, with what these functions take and return; None if there is none."""
    found = library()
    if found is not None:
        for name, (takes, returns) in signatures.items():
            function = getattr(found, name)
            function.argtypes, function.restype = takes, returns
    return found


class _Run(Structure):
    _fields_ = [("bytes", c_uint64), ("lines", c_uint64)]


_LINES: dict[str, Signature] = {
    "native_count_lines": ([c_char_p, c_uint64], c_uint64),
    "native_run": ([c_void_p, c_uint64, c_char_p, c_uint64, POINTER(_Run)], None),
}
_lines = lru_cache(maxsize=1)(lambda: functions(_LINES))


def count_lines(text: bytes) -> int:
    """Return how many line ends a text has."""
    found = _lines()
    return text.count(b"\n") if found is None else int(found.native_count_lines(text, len(text)))


def run_of_lines(text: bytes, start: int, prefix: bytes) -> tuple[int, int] | None:
    """Return the end and the lines of a run; None without a library.

    It is the line from `start` on, and those behind it that begin with the prefix, each behind one that ends with "}".
    """
    found = _lines()
    if found is None:
        return None
    run = _Run()
    address = (ctypes.cast(c_char_p(text), c_void_p).value or 0) + start
    found.native_run(address, len(text) - start, prefix, len(prefix), run)
    return start + run.bytes, run.lines
