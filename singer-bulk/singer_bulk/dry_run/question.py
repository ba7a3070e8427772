"""The option --dry-run."""

from __future__ import annotations

from singer_bulk.face.questions import Asked, Question


def _answer(asked: Asked) -> None:
    from singer_bulk.dry_run.answer import dry_run  # what a run that loads does without

    dry_run(asked)


DRY_RUN = Question(
    "--dry-run",
    _answer,
    {
        "is_flag": True,
        "help": "Read the input and connect nowhere: print the tables, the COPYs, the files, what was seen of each "
        "column, every value that would be refused, and what it would cost. With --format json as JSON.",
    },
)
