"""The options --replay, --rejected and --replay-rejected."""

from __future__ import annotations

from singer_bulk.face.questions import Asked, Question


def _replay(asked: Asked) -> None:
    from singer_bulk.replay.answer import replay_load  # what a run that loads does without

    replay_load(asked)


def _list(asked: Asked) -> None:
    from singer_bulk.replay.rejected import list_rejected

    list_rejected(asked)


def _replay_rejected(asked: Asked) -> None:
    from singer_bulk.replay.rejected import replay_rejected

    replay_rejected(asked)


OF_WHAT_WAS_STAGED = (
    Question(
        "--replay",
        _replay,
        {
            "metavar": "LOAD_ID",
            "help": "Load the kept files of a load again, from the description beside them, in one transaction; where "
            "that has been done already, do nothing. Needs keep_staged_files when the load was made.",
        },
        also={
            "--into": {
                "multiple": True,
                "metavar": "TABLE",
                "help": "With --replay: into this table, TABLE or SCHEMA.TABLE; of a load of several streams those "
                "that are named, STREAM=TABLE.",
            }
        },
    ),
    Question(
        "--rejected",
        _list,
        {"is_flag": True, "help": "List the records that were rejected, with their reasons, and which wait."},
    ),
    Question(
        "--replay-rejected",
        _replay_rejected,
        {
            "is_flag": False,
            "flag_value": "all",
            "metavar": "[KEY]",
            "help": "Load rejected records again, all that wait or those of one object, each once.",
        },
    ),
)
