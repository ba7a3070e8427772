"""docs/troubleshooting.md: what a message says, as somebody would search for it, and where its code is explained."""

from __future__ import annotations

from collections.abc import Iterator

from tests.error_codes import TABLES
from tests.first_day.cases import CASES
from tests.site.error_texts import texts

PREAMBLE = """# Trouble: by the text of the error

The last line of a run that has failed says where, what was expected, what came and what to do; it ends in a code in square
brackets. The code leads to [its explanation](errors.md), and the search of this site finds it. The tables of texts
are written from the code by `python -m tests.generated`; … stands where a value comes in.

| the run | what it means | where to look |
|---|---|---|
| ends with exit status 1 | nothing of the open load is in the tables, no STATE was written for it | the last line |
| ends with 128 + n | it was stopped by signal n; a COMMIT that had been sent was ended first | [the end of the input](loads.md#the-end-of-the-input) |
| ends with 2 | the command line is wrong | `--help` |
| ends with 0 and the table has no new rows | the tap had nothing behind its STATE | `--last-state`, [reload](methods/reload.md) |
| has each row twice | `append-only` without a STATE: the tap began anew | [reload](methods/reload.md#rows-are-there-twice) |
| waits, with a WARNING each minute | another load, or somebody else, writes the same table | [two pipelines at once](loads.md#two-pipelines-at-once) |
| is slow | the last lines of the log say what it waited for | [sizes and cost](operating/sizes.md) |
| worked in one account and not in another | a right, a parameter of the session | [rights](rights.md), [session parameters](session-parameters.md) |
"""
WAREHOUSES = """
## In the warehouse's words

What people search for, as the warehouse or another loader says it, and what becomes of it here.

### Value too long for character type; String length exceeds DDL length (Redshift 8001, 1204)

A column widens by itself up to 65,535 bytes; beyond, the record is refused before COPY, by stream, line and column: REC codes: [types](types.md#when-the-table-exists), [rejected records](settings.md#records-that-are-refused-redshift).

### Load into table failed; check stl_load_errors

Asked for you, for this COPY alone: the error names stream, column, value: [REC codes](errors.md#rec).

### Serializable isolation violation on table (1023); could not complete because of conflict with concurrent transaction

Rolled back and tried again, up to five times; loads into one table take turns: [what is tried again](loads.md#what-is-tried-again), [two pipelines](loads.md#two-pipelines-at-once).

### permission denied for schema, for relation; must be owner of

The error ends in the GRANT that is missing: [rights](rights.md#amazon-redshift).

### Insufficient privileges to operate on; does not exist or not authorized (Snowflake 003001, 002003)

Likewise: [rights](rights.md#snowflake).

### User arn:aws:.. is not authorized to assume IAM Role

Attach the role to the cluster, let it trust redshift.amazonaws.com: [staging](sign-in/staging.md#what-copy-reads-with).

### S3ServiceException: Access Denied; Problem reading manifest file

S3:GetObject, s3:ListBucket, kms:Decrypt of the role of COPY: [rights](rights.md#s3-and-kms).

### Incorrect username or password was specified (250001); JWT token is invalid (390144)

By its number it is said what to do: [sign in](sign-in/snowflake.md#what-is-said-of-a-wrong-one).

### Statement reached its statement or warehouse timeout (000630); number of waiters for this lock exceeds (000625)

Waited for, by `lock_wait_seconds`: [two pipelines](loads.md#two-pipelines-at-once).

### SSL SYSCALL error: EOF detected; server closed the connection unexpectedly; 390114 Authentication token has expired

A new session; before COMMIT the load again, after it the ledger is asked: [what is tried again](loads.md#what-is-tried-again).
"""
FIRST_DAY = """
## A first day

Misconfigurations that were tried one by one (`make first-day`): what is wrong, and some words of what is said.

| what is wrong | warehouse | the message says |
|---|---|---|
"""


def troubleshooting_page() -> str:
    """Return the page."""
    return "".join([PREAMBLE, WAREHOUSES, FIRST_DAY, *_first_day(), *_texts()])


def _first_day() -> Iterator[str]:
    for case in CASES:
        if case.told:
            said = " .. ".join(f"`{_cell(word)}`" for word in case.told)
            yield f"| {case.what} | {', '.join(case.on)} | {said} |\n"


def _texts() -> Iterator[str]:
    for table in TABLES:
        found = texts(table)
        for area, meaning in table.areas.items():
            codes = [code for code in table.codes if table.area_of(code) == area]
            yield f"\n## {area}: {meaning}\n\n| the message says | code |\n|---|---|\n"
            for code in codes:
                said = "<br>".join(_cell(text) for text in found[code]) or _cell(table.codes[code])
                yield f"| {said} | [{code}](errors.md#{code.lower()}) |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")
