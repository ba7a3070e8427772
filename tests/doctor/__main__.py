"""`python -m tests.doctor`: plant every misconfiguration on the stand-ins, and do what the doctor says.

`--only redshift` tries one warehouse, `--what WORDS` the cases with these words; `--write` writes what came of all of
them into docs/doctor.md. The status is 1 where one is not ok.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence

from tests.doctor.cases import BOTH, CASES
from tests.doctor.page import PAGE, as_text, doctor_page, planted_part, screen, transcript, with_part
from tests.doctor.trial import Grade, ask, right, tried
from tests.first_day.place import place


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=BOTH)
    parser.add_argument("--what", default="")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    warehouses = [name for name in BOTH if chosen.only in (None, name)]
    grades = []
    begun = time.monotonic()
    with place(*warehouses) as there:
        screens = {name: screen(name, ask(name, right(there, name))) for name in warehouses}
        for number, case in enumerate(CASES):
            for warehouse in case.on:
                if warehouse in warehouses and chosen.what in case.what:
                    grade = tried(there, case, warehouse, 2 * number + BOTH.index(warehouse))
                    grades.append(grade)
                    print(grade, flush=True)
    bad = sum(grade.why_not is not None for grade in grades)
    print(f"{len(grades) - bad} of {len(grades)} are ok, in {time.monotonic() - begun:.0f} s")
    if chosen.write and not bad and len(warehouses) == 2:
        write(screens, grades, is_whole=not chosen.what)
    sys.exit(bool(bad))


def write(screens: Mapping[str, str], grades: Sequence[Grade], *, is_whole: bool) -> None:
    """Write the page; the table only where all cases were tried."""
    text = doctor_page()
    for warehouse, content in screens.items():
        text = with_part(text, f"screen of {warehouse}", as_text(content))
        for bare in (one for one in grades if one.warehouse == warehouse and one.case.what == "bare account"):
            text = with_part(text, f"bare {warehouse}", as_text(transcript(bare)))
    PAGE.write_text(with_part(text, "planted", planted_part(grades)) if is_whole else text)


if __name__ == "__main__":
    main()
