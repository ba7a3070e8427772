"""The option --self-test."""

from __future__ import annotations

from singer_bulk.face.questions import Asked, Question


def _answer(asked: Asked) -> None:
    from singer_bulk.self_test.answer import self_test  # what a run that loads does without

    self_test(asked)


SELF_TEST = Question(
    "--self-test",
    _answer,
    {
        "is_flag": False,
        "flag_value": "",
        "metavar": "[SCHEMA]",
        "help": "Load hard values, updates, deletes, full loads, a crash and a resume into a schema that does not "
        "exist yet, compare what is there value by value, drop the schema; print the differences, write a report.",
    },
    also={
        "--self-test-report": {
            "metavar": "FILE",
            "help": "With --self-test: where its report goes, default self-test.json.",
        }
    },
)
