"""The core of the doctor: which steps are tried, what is shown of them, what of wrong settings is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from singer_bulk.doctor.runner import Runner
from singer_bulk.doctor.settings import examine
from singer_bulk.doctor.shown import WIDTH, as_json, ending, lines_of
from singer_bulk.doctor.steps import NotNeeded, NotTried, Outcome, Part, Result, Step, Trouble
from singer_bulk.doctor.troubles import trouble_of
from singer_bulk.errors import ConfigError, StageError, WarehouseError
from singer_bulk.face.plugin import GivenConfig
from singer_bulk.face.questions import Asked
from singer_bulk.model.rights import statements_told

from tests.doctor.page import PAGE, doctor_page
from tests.first_day.place import TARGETS

RIGHT = {
    "redshift": {"host": "h", "user": "u", "password": "pass", "database": "d", "s3_bucket": "b"},
    "snowflake": {"account": "a", "user": "u", "password": "pass", "database": "d", "s3_bucket": "b"},
}


def raising(error: BaseException) -> Callable[[Any], str]:
    def run(ground: Any) -> str:
        raise error

    return run


def found(text: str) -> Callable[[Any], str]:
    return lambda ground: text


def ran(*steps: Step[Any], **more: Any) -> list[Result]:
    return [*Runner(lambda text: text.replace("secret", "***"), lambda: 0.0, **more).results(steps, None)]


def test_what_can_be_tried_is_tried_whatever_failed_before() -> None:
    """A step that needs a failed one is not tried, and names it; the others are."""
    results = ran(
        Step("a", "", raising(Trouble("away"))),
        Step("b", "", found("there"), ("a",)),
        Step("c", "", found("there"), ("b",)),
        Step("d", "", found("there")),
    )
    assert [one.outcome for one in results] == [Outcome.FAILED, Outcome.SKIPPED, Outcome.SKIPPED, Outcome.OK]
    assert [one.found for one in results[1:3]] == ["needs 'a', which failed", "needs 'b', which was not tried"]


def test_what_nothing_asks_for_does_not_keep_others_from_being_tried() -> None:
    """A step that is not needed is no failure; one that cannot be tried is none either, but is told."""
    results = ran(
        Step("a", "", raising(NotNeeded("nothing asks for it"))),
        Step("b", "", found("there"), ("a",)),
        Step("c", "", raising(NotTried("no place"))),
    )
    assert [one.outcome for one in results] == [Outcome.NOT_NEEDED, Outcome.OK, Outcome.SKIPPED]


def test_a_signal_ends_the_run_behind_its_step() -> None:
    """No further step is begun, and each says why."""
    calls = iter([False, True, True])
    results = ran(Step("a", "", found("there")), Step("b", "", found("there")), stopped=lambda: next(calls))
    assert [(one.outcome, one.found) for one in results] == [
        (Outcome.OK, "there"),
        (Outcome.SKIPPED, "a signal has come"),
    ]


def test_an_error_that_nobody_foresaw_is_a_step_that_failed() -> None:
    """The others are tried; its text comes through the mask."""
    first, second = ran(Step("a", "", raising(KeyError("secret"))), Step("b", "", found("the secret")))
    assert (first.outcome, first.code) == (Outcome.FAILED, "RUN-UNEXPECTED")
    assert "secret" not in first.found + second.found
    assert second.outcome is Outcome.OK


def test_blocked_parts_are_not_tried() -> None:
    """What stands on settings that are wrong says which."""
    results = ran(
        Step("a", "", found("there"), part=Part.BUCKET),
        blocked=lambda part: "needs 's3_bucket'" if part is Part.BUCKET else "",
    )
    assert [(one.outcome, one.found) for one in results] == [(Outcome.SKIPPED, "needs 's3_bucket'")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('run GRANT USAGE, CREATE ON SCHEMA "v" TO "u"', ['GRANT USAGE, CREATE ON SCHEMA "v" TO "u"']),
        ("run GRANT SELECT ON T TO U; GRANT X ON Y TO Z", ["GRANT SELECT ON T TO U", "GRANT X ON Y TO Z"]),
        ("correct the setting 'role', or run GRANT ROLE R TO USER U", ["GRANT ROLE R TO USER U"]),
        ("correct it, or create it and run GRANT USAGE ON WAREHOUSE W", ["GRANT USAGE ON WAREHOUSE W"]),
        ("register the key: ALTER USER U SET RSA_PUBLIC_KEY = 'MII='", ["ALTER USER U SET RSA_PUBLIC_KEY = 'MII='"]),
        ('run ALTER TABLE "a"."b" OWNER TO "u", because only its owner may', ['ALTER TABLE "a"."b" OWNER TO "u"']),
        ("correct s3_bucket", []),
    ],
)  # fmt: skip
def test_the_statements_of_a_remedy(text: str, told: list[str]) -> None:
    """What is to be run stands by itself, as it is run."""
    assert [*statements_told(text)] == told


def test_cause_and_remedy_of_an_error_are_told_apart() -> None:
    """The cause stands before the first semicolon; the statements of an alternative are not among those to run."""
    trouble = trouble_of(
        WarehouseError(
            'Redshift: permission denied for schema v; run GRANT CREATE ON SCHEMA "v" TO "u", or, if "t" is there '
            'already, run GRANT SELECT ON "t" TO "u"',
            code="RS-RIGHT",
        )
    )
    assert trouble.found == "Redshift: permission denied for schema v"
    assert trouble.statements == ('GRANT CREATE ON SCHEMA "v" TO "u"',)
    assert "is there already" in trouble.remedy
    of_probe = WarehouseError(
        'no; run GRANT X ON Y TO Z, or, if "v"."singer_doctor_1" is there already, run GRANT SELECT ON T TO Z',
        code="RS-RIGHT",
    )
    assert trouble_of(of_probe).remedy == "run GRANT X ON Y TO Z"
    assert trouble_of(StageError("s3://b/k: no", code="STAGE-REFUSED")).remedy == ""


def test_no_line_is_longer_than_80_columns() -> None:
    """But for a word that is longer itself, which stays whole so that it can be copied; a policy keeps its lines."""
    result = Result(
        "signed in", "", Outcome.FAILED, "a word " * 40, "do this " * 30,
        ("GRANT SELECT, INSERT, UPDATE ON " + ", ".join(['"schema"."table"'] * 9), json.dumps({"a": 1}, indent=2)),
        "docs/rights.md", "RS-RIGHT", ("a note " * 20,),
    )  # fmt: skip
    lines = lines_of(result)
    assert max(map(len, lines)) <= WIDTH
    assert lines[0].startswith("FAILED  signed in   a word")
    assert '      "a": 1' in lines
    assert lines[-1].strip() == "see: docs/rights.md [RS-RIGHT]"


def test_the_end_says_what_comes_next() -> None:
    """All well, or which step is to be mended first."""
    well, bad = Result("a", "", Outcome.OK, ""), Result("b", "", Outcome.FAILED, "")
    assert ending([well], "target")[-1] == "1 ok: target can load with this configuration"
    assert ending([well, bad], "target")[-1] == "1 ok, 1 failed: mend 'b' first, then ask again"


def test_for_machines_it_is_one_document() -> None:
    """Each step with all that is known of it, and whether all is well."""
    result = Result("a", "tried", Outcome.FAILED, "f", "r", ("GRANT",), "p", "C")
    document = json.loads(as_json("target", "1.0", [result]))
    assert (document["ok"], document["counts"]["failed"]) == (False, 1)
    assert document["steps"][0] == {
        "step": "a", "tried": "tried", "outcome": "failed", "found": "f", "remedy": "r", "statements": ["GRANT"],
        "page": "p", "code": "C", "notes": [], "seconds": 0.0,
    }  # fmt: skip


def asked(warehouse: str, problem: ConfigError | None = None, **changes: Any) -> Asked:
    given = GivenConfig()
    given.problem = problem
    given.config.update({name: value for name, value in {**RIGHT[warehouse], **changes}.items() if value is not None})
    return Asked(TARGETS[warehouse], given, True, {})


def settings_of(warehouse: str, **changes: Any) -> Any:
    own = TARGETS[warehouse].of_doctor()
    return examine(asked(warehouse, **changes), own.sign_in, own.of_copy, own.placeholders)


@pytest.mark.parametrize("warehouse", RIGHT)
@pytest.mark.parametrize(
    ("changes", "told", "blocked"),
    [
        ({}, [], []),
        ({"load_metod": "upsert"}, ["load_metod"], []),
        ({"load_method": "update"}, ["load_method"], []),
        ({"batch_size_rows": "many"}, ["batch_size_rows"], []),
        ({"s3_bucket": None}, ["s3_bucket"], [Part.BUCKET, Part.ALL]),
        ({"s3_bucket": "s3://b"}, ["s3_bucket"], [Part.BUCKET, Part.ALL]),
        ({"database": None, "host": None, "account": None}, ["database"], [Part.WAREHOUSE, Part.ALL]),
        ({"aws_access_key_id": "k"}, ["aws_secret_access_key"], [Part.BUCKET, Part.ALL]),
        ({"stream_maps": {"s": {"x": 5}}}, ["stream_maps"], []),
    ],
)
def test_a_wrong_setting_keeps_back_what_stands_on_it_alone(
    warehouse: str, changes: dict[str, Any], told: list[str], blocked: list[Part]
) -> None:
    """Each is told as a problem; the bucket is tried where the warehouse's settings are wrong, and the other way."""
    found = settings_of(warehouse, **changes)
    assert found.target is not None
    assert [name for name in told if name not in " ".join(found.problems)] == []
    assert bool(found.problems) is bool(told)
    assert [part for part in Part if found.blocked(part)] == blocked


@pytest.mark.parametrize("warehouse", RIGHT)
def test_a_file_that_cannot_be_read_is_a_step_that_failed(warehouse: str) -> None:
    """Nothing else can be tried then."""
    problem = ConfigError("config.json is no JSON; mend it", code="CFG-FILE")
    own = TARGETS[warehouse].of_doctor()
    found = examine(asked(warehouse, problem), own.sign_in, own.of_copy, own.placeholders)
    assert found.problems == ["config.json is no JSON; mend it"]
    assert found.target is None
    assert found.blocked(Part.BUCKET)


@pytest.mark.parametrize("warehouse", RIGHT)
def test_needs_name_steps_above(warehouse: str) -> None:
    """A table is gone through from top to bottom, so what a step needs stands above it; names are there once."""
    steps = TARGETS[warehouse].of_doctor().steps
    names = [one.name for one in steps]
    assert len(set(names)) == len(names)
    for place, one in enumerate(steps):
        assert set(one.needs) <= set(names[:place])


def test_the_page_has_the_steps() -> None:
    """docs/doctor.md names each step, what it tries and what it needs."""
    assert PAGE.read_text() == doctor_page()
