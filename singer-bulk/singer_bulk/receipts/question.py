"""The options --stage-only and --commit."""

from __future__ import annotations

import click

from singer_bulk.face.questions import Asked, Question


def _stage_only(asked: Asked) -> None:
    from singer_bulk.receipts.stage_only import stage_only  # what a run that loads does without

    stage_only(asked)


def _commit(asked: Asked) -> None:
    from singer_bulk.receipts.answer import commit_work_list

    commit_work_list(asked)


OF_MANY_MACHINES = (
    Question(
        "--stage-only",
        _stage_only,
        {
            "is_flag": True,
            "help": "Stage the files of the input and write a receipt of them, last; no warehouse is connected. "
            "--commit loads what receipts name.",
        },
        also={
            "--receipt": {
                "metavar": "ADDRESS",
                "help": "With --stage-only: where the receipt goes, a path or s3://bucket/key. Default: what the work "
                "list says.",
            },
            "--work-list": {
                "metavar": "ADDRESS",
                "help": "With --stage-only: the work list that the input is a part of, a path or s3://bucket/key.",
            },
            "--place": {
                "type": click.IntRange(min=0),
                "metavar": "N",
                "help": "With --work-list: which part this is, from 0 on. Its source is read, and the input only where "
                "the source is a name and no address.",
            },
        },
    ),
    Question(
        "--commit",
        _commit,
        {
            "metavar": "WORKLIST",
            "help": "Load what the receipts of a work list name, a path or s3://bucket/key, in one transaction; where "
            "that has been done already, do nothing.",
        },
    ),
)
