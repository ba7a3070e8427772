"""What is written from the code: pages of docs/, the hub's definitions, rooms (CONTRIBUTING.md), the copies of the tap.

And what the packages say of themselves alike (package_metadata.py). A page is a row of `PAGES`, or of `MARKED` where
only what stands between its marks is written.

`python -m tests.generated` writes them; a test compares them.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tap_csv_extract.cli import TapCsvExtract
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests import hub, package_metadata
from tests.copies import copies
from tests.doctor.page import PAGE as DOCTOR_PAGE
from tests.doctor.page import doctor_page
from tests.dry_run_page import DRY_RUN_PAGE, dry_run_page
from tests.error_codes import TABLES
from tests.graphs import levels
from tests.house import TOP, Package, packages
from tests.operations_page import OPERATIONS_PAGE, operations_page
from tests.rights_page import RIGHTS_PAGE, rights_page
from tests.site import coming_from, diagrams, wheels
from tests.site import settings as pages_of_settings
from tests.site.feeds import feeds_page
from tests.site.questions import questions_page
from tests.site.refused import refused_page
from tests.site.shown_files import with_files
from tests.site.troubleshooting import troubleshooting_page

SETTINGS_PAGE = TOP / "docs" / "settings.md"
ERRORS_PAGE = TOP / "docs" / "errors.md"
ROOMS_PAGE = TOP / "CONTRIBUTING.md"
ROOMS = re.compile(r"(<!-- rooms: .* -->\n).*(<!-- end of rooms -->\n)", re.DOTALL)
PACKAGES = ("singer_bulk", "target_redshift_copy", "target_snowflake_stage", "tap_csv_extract", "local_warehouse")
CONNECTORS = (TapCsvExtract, TargetRedshiftCopy, TargetSnowflakeStage)


def settings_page() -> str:
    """Return docs/settings.md."""
    return pages_of_settings.page(
        {
            connector.name: (hub.settings_of(connector), connector._get_about_info().settings.get("required", []))
            for connector in CONNECTORS
        },
        hub.kind_of,
    )


def errors_page() -> str:
    """Return docs/errors.md."""
    parts = [
        "# Errors\n\nWritten from the tables in the code by `python -m tests.generated`. A message of the two targets "
        "or of the tap about an error ends in its code, as in `... [LOAD-COUNT]`; a code never changes its meaning. "
        "Those of tap-csv-extract begin with CSV. The exit status is 1, after a signal 128 and its number, and for a "
        "wrong command line 2.\n"
    ]
    for table in TABLES:
        for area, meaning in table.areas.items():
            parts.append(f"\n## {area}\n\n{meaning[0].upper()}{meaning[1:]}.\n")
            parts.extend(
                f"\n### {code}\n\n{textwrap.fill(sentence, 120)}\n"
                for code, sentence in table.codes.items()
                if table.area_of(code) == area
            )
    return "".join(parts)


def rooms_page(text: str) -> str:
    """Return CONTRIBUTING.md with its list of rooms written anew: library, connectors, stand-ins."""
    found = sorted(packages(TOP).values(), key=lambda one: PACKAGES.index(one.folder.name))
    listed = "\n".join("".join(line + "\n" for line in room_lines(package)) for package in found)
    return ROOMS.sub(lambda marks: f"{marks[1]}\n{listed}\n{marks[2]}", text)


def room_lines(package: Package) -> Iterator[str]:
    """Yield lines for the package and for each room, a room below those that import it."""
    floors = levels(package.rooms)
    yield from _room_line(f"    {package.folder.relative_to(TOP)}/  ", package.folder / "__init__.py", "        ")
    for room in sorted(floors, key=lambda room: (-floors[room], room)):
        if name := room.partition(".")[2]:
            folder = package.folder / name
            is_file = (file := folder.with_suffix(".py")).is_file()
            shown = f"      {name}.py" if is_file else f"      {name}/"
            yield from _room_line(f"{shown:<25} ", file if is_file else folder / "__init__.py", " " * 26)


def _room_line(shown: str, file: Path, indent: str) -> list[str]:
    return textwrap.wrap(
        first_sentence(file), 119, initial_indent=shown, subsequent_indent=indent, break_on_hyphens=False
    )


def first_sentence(file: Path) -> str:
    """Return the sentence with which the module opens."""
    opening = " ".join((ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n\n")[0].split())
    return re.split(r"(?<=[.?!])\s", opening)[0]


PAGES: Mapping[Path, Callable[[], str]] = {
    DOCTOR_PAGE: doctor_page,
    SETTINGS_PAGE: settings_page,
    ERRORS_PAGE: errors_page,
    RIGHTS_PAGE: rights_page,
    TOP / "docs" / "troubleshooting.md": troubleshooting_page,
    TOP / "docs" / "feeds.md": feeds_page,
    TOP / "docs" / "stand-ins-refused.md": refused_page,
    TOP / "docs" / "questions.md": questions_page,
    TOP / "docs" / "record-path.svg": diagrams.record_path,
    TOP / "docs" / "state-path.svg": diagrams.state_path,
}
MARKED: Mapping[Path, Callable[[str], str]] = {
    ROOMS_PAGE: rooms_page,
    DRY_RUN_PAGE: dry_run_page,
    OPERATIONS_PAGE: operations_page,
    wheels.PAGE: wheels.platforms_page,
    coming_from.PAGE: coming_from.coming_from_page,
    TOP / "docs" / "start" / "orchestrators.md": with_files,
    TOP / "docs" / "start" / "container.md": with_files,
}


def main() -> None:
    """Write the files."""
    for file, text in copies().items():
        file.write_text(text)
    for page, written in PAGES.items():
        page.write_text(written(), encoding="utf-8")
    for page, rewritten in MARKED.items():
        page.write_text(rewritten(page.read_text(encoding="utf-8")), encoding="utf-8")
    package_metadata.write()
    hub.write()


if __name__ == "__main__":
    main()
