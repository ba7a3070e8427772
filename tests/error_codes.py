"""The tables of error codes: one for the two targets and their library, one for the tap, which does without that."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

import singer_bulk.errors.codes
import tap_csv_extract.codes
import tap_csv_extract.errors

from tests.house import TOP


@dataclass(frozen=True)
class ErrorCodes:
    """One table, the errors that take their codes from it, and the folders of the packages that raise them."""

    codes_module: ModuleType
    errors_module: ModuleType
    base: type[Exception]
    folders: tuple[str, ...]

    @property
    def areas(self) -> Mapping[str, str]:
        """What a code begins with -> whose it is."""
        areas: Mapping[str, str] = self.codes_module.AREAS
        return areas

    @property
    def codes(self) -> Mapping[str, str]:
        """Code -> what it means."""
        codes: Mapping[str, str] = self.codes_module.CODES
        return codes

    def area_of(self, code: str) -> str:
        """Return the area of a code; raises StopIteration if it is of none."""
        return next(area for area in self.areas if code.startswith(f"{area}-"))

    @cached_property
    def sources(self) -> list[Path]:
        """The files in which these errors are raised."""
        return [path for name in self.folders for path in sorted((TOP / name).rglob("*.py"))]

    @cached_property
    def classes(self) -> dict[str, bool]:
        """Name of a class -> whether its maker has to say which code; the others have one meaning and one code."""
        return {
            name: "code" in inspect.signature(found).parameters
            for name, found in vars(self.errors_module).items()
            if inspect.isclass(found) and issubclass(found, self.base)
        }


TARGETS = ErrorCodes(
    singer_bulk.errors.codes,
    singer_bulk.errors,
    singer_bulk.errors.BulkError,
    ("singer-bulk", "target-redshift-copy", "target-snowflake-stage"),
)
TAP = ErrorCodes(tap_csv_extract.codes, tap_csv_extract.errors, tap_csv_extract.errors.TapError, ("tap-csv-extract",))
TABLES = (TARGETS, TAP)
