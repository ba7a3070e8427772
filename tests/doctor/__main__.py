"""`python -m tests.doctor`: plant every misconfiguration on the stand-ins, and do what the doctor says.

`--only redshift` tries one warehouse, `--what WORDS` the cases with these words. The status is 1 where one is not ok.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.doctor.cases import BOTH, CASES
from tests.doctor.trial import tried
from tests.first_day.place import place


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=BOTH)
    parser.add_argument("--what", default="")
    chosen = parser.parse_args()
    warehouses = [name for name in BOTH if chosen.only in (None, name)]
    grades = []
    begun = time.monotonic()
    with place(*warehouses) as there:
        for number, case in enumerate(CASES):
            for warehouse in case.on:
                if warehouse in warehouses and chosen.what in case.what:
                    grade = tried(there, case, warehouse, 2 * number + BOTH.index(warehouse))
                    grades.append(grade)
                    print(grade, flush=True)
    bad = sum(grade.why_not is not None for grade in grades)
    print(f"{len(grades) - bad} of {len(grades)} are ok, in {time.monotonic() - begun:.0f} s")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
