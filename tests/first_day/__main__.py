"""`python -m tests.first_day`: try every misconfiguration on the stand-ins; writes a line for each, and its words.

`--only redshift` tries one warehouse, `--row 17 18` two rows. Ends with status 1 where one of them is no A.
"""

from __future__ import annotations

import argparse
import sys

from tests.first_day.cases import BOTH, CASES
from tests.first_day.place import place
from tests.first_day.trial import tried


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=BOTH)
    parser.add_argument("--row", type=int, nargs="+", default=range(42))
    chosen = parser.parse_args()
    warehouses = [name for name in BOTH if chosen.only in (None, name)]
    grades = []
    with place(*warehouses) as there:
        for number, case in enumerate(CASES):
            for warehouse in set(case.on) & set(warehouses) if case.row in chosen.row else ():
                grade = tried(there, case, warehouse, 2 * number + BOTH.index(warehouse))
                grades.append(grade)
                print(f"{grade}  {case.what}\n    {grade.said}", flush=True)
    right = sum(grade.why_not is None for grade in grades)
    rows = {grade.case.row for grade in grades}
    bad = {grade.case.row for grade in grades if grade.why_not is not None}
    print(f"{right} of {len(grades)} cases are A, {len(rows - bad)} of {len(rows)} rows")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
