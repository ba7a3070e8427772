"""`--doctor` and `--setup-sql` against the stand-ins: what is planted is found, what is said helps, nothing stays.

A few misconfigurations of each warehouse are tried here, all of them by `make doctor` and `make test-long`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from singer_bulk.doctor.steps import Outcome
from singer_bulk.identity.masks import masks

from tests.conftest import Warehouses
from tests.doctor.cases import CASES, LISTING, PASSWORD, of_user, trust
from tests.doctor.page import PAGE, as_text, part_of, screen
from tests.doctor.trial import Planted, ask, failed, right, tried
from tests.first_day.cases import orders
from tests.first_day.place import TARGETS, Place, ran

BOTH = ("redshift", "snowflake")
START = "from target_redshift_copy.start import main; main()"
# Of each warehouse one of the bucket, and one of a right.
CHOSEN = ("no right to delete", "no CREATE")


@pytest.fixture
def place(warehouses: Warehouses, tmp_path: Path) -> Iterator[Place]:
    """The stand-ins of this worker, and their administrator."""
    made = Place(warehouses.start("s3", *BOTH), tmp_path)
    yield made
    made.close()


def numbered() -> list[tuple[int, Any, str]]:
    return [(400 + 2 * number + BOTH.index(one), case, one) for number, case in enumerate(CASES) for one in case.on]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("warehouse", BOTH)
def test_what_is_planted_is_found_and_what_is_said_helps(place: Place, warehouse: str) -> None:
    """The step names it, what it says is done literally, and a first load passes."""
    chosen = [(number, case) for number, case, on in numbered() if case.what in CHOSEN and on == warehouse]
    assert len(chosen) == len(CHOSEN)
    for number, case in chosen:
        grade = tried(place, case, warehouse, number)
        assert grade.why_not is None, str(grade)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Arrow output")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("number", "case", "warehouse"), numbered(), ids=lambda one: getattr(one, "what", str(one)))
def test_each_that_is_planted(place: Place, number: int, case: Any, warehouse: str) -> None:
    """All of the table in docs/doctor.md."""
    grade = tried(place, case, warehouse, number + 1000)
    assert grade.why_not is None, str(grade)


def everything(place: Place, warehouse: str) -> list[str]:
    """Return all that is in the bucket and in the warehouse."""
    admin = place.client("s3")
    keys = [entry["Key"] for entry in admin.list_objects_v2(Bucket="local-stage").get("Contents", ())]
    tables = place.query(warehouse, "SELECT table_schema, table_name FROM information_schema.tables")
    return sorted([*keys, *(".".join(map(str, row)) for row in tables), *_objects(place, warehouse)])


def _objects(place: Place, warehouse: str) -> list[str]:
    if warehouse == "redshift":
        return [
            str(row[0]) for row in place.query("redshift", "SELECT nspname FROM pg_namespace") if "pg_" not in row[0]
        ]
    found = [row[1] for row in place.query("snowflake", "SHOW SCHEMAS IN DATABASE DEMO")]
    for kind in ("STAGES", "FILE FORMATS"):
        found += [row[1] for row in place.query("snowflake", f"SHOW {kind} IN DATABASE DEMO")]
    return [str(name) for name in found]


@pytest.mark.parametrize("warehouse", BOTH)
@pytest.mark.parametrize(
    "changes",
    [
        {"load_method": "upsert", "current_view": True, "add_record_metadata": True},
        {"create_schema": True, "default_target_schema": "doctor_to_be_made", "current_view": True,
         "add_record_metadata": True},
    ],
)  # fmt: skip
def test_nothing_stays(place: Place, warehouse: str, changes: dict[str, Any]) -> None:
    """Bucket and warehouse are as they were, whether the schema was there or was yet to be made."""
    before = everything(place, warehouse)
    results = ask(warehouse, {**place.config(warehouse, 777), **changes})
    assert failed(results) == []
    assert everything(place, warehouse) == before


# What tests that have loaded leave in the schema of the screens.
MADE = {
    "redshift": [("TABLE", "_singer_loads")],
    "snowflake": [("TABLE", "_SINGER_LOADS"), ("STAGE", "SINGER_STAGE"), ("FILE FORMAT", "SINGER_PIPE")],
}


@pytest.mark.parametrize("warehouse", BOTH)
def test_the_screens_of_the_page(place: Place, warehouse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/doctor.md shows what the command writes."""
    monkeypatch.setattr(masks, "texts", [])  # of other tests in this process
    schema = place.config(warehouse, 1)["default_target_schema"]
    for kind, name in MADE[warehouse]:
        place.sql(warehouse, f"DROP {kind} IF EXISTS {schema}.{name}")
    shown = screen(warehouse, ask(warehouse, right(place, warehouse)))
    assert part_of(PAGE.read_text(), f"screen of {warehouse}") == as_text(shown)


@pytest.mark.parametrize("warehouse", BOTH)
def test_no_secret_is_shown(place: Place, warehouse: str) -> None:
    """Neither in the text nor in the document, be the passwords right or wrong."""
    config = place.config(warehouse, 778)
    path = place.file("secret.json", json.dumps({**config, "password": "Wrong-pass-word-1"}).encode())
    for more in ([], ["--format", "json"]):
        done = CliRunner().invoke(TARGETS[warehouse].cli, ["--config", path, "--doctor", *more])
        assert done.exit_code == 1
        for secret in ("Wrong-pass-word-1", config["aws_secret_access_key"]):
            assert secret not in done.output
    document = json.loads(done.stdout)
    assert document["ok"] is False
    assert [one["step"] for one in document["steps"] if one["outcome"] == "failed"] == ["signed in"]


@pytest.mark.parametrize("warehouse", BOTH)
def test_a_file_that_is_no_json_is_a_step(place: Place, warehouse: str) -> None:
    """It is told in the listing, which goes on to its end; without --doctor it is an error as ever."""
    path = place.file("broken.json", b'{"user": "u",}')
    done = CliRunner().invoke(TARGETS[warehouse].cli, ["--config", path, "--doctor"])
    assert done.exit_code == 1
    assert "FAILED  settings" in done.output
    assert "is no JSON" in " ".join(done.output.split())
    assert "is no JSON" in str(CliRunner().invoke(TARGETS[warehouse].cli, ["--config", path]).exception)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_leaves_nothing(place: Place, number: int) -> None:
    """Sent while COPY is under way: what was staged goes, and the status says which signal it was."""
    from local_warehouse.directory import admin_socket
    from local_warehouse.faults import send

    socket = admin_socket(place.stand_ins.path, "redshift")
    path = place.file("right.json", json.dumps(place.config("redshift", 779)).encode())
    before = everything(place, "redshift")
    send(socket, {"do": "fault", "action": "hang", "match": "^COPY"})
    command = [sys.executable, "-c", START, "--config", path, "--doctor"]
    environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        while (line := process.stdout.readline())[8:14] != "tables":  # COPY is next
            assert line, process.wait()
        process.send_signal(number)
        send(socket, {"do": "clear"})
        rest = process.stdout.read()
        assert process.wait() == 128 + number, rest
    assert "ok      clean" in rest
    assert everything(place, "redshift") == before


def planted_bare(place: Place, warehouse: str, number: int) -> tuple[Planted, str]:
    """Return an account with nothing in it, and a configuration for what is yet to be set up."""
    config = {
        **place.config(warehouse, number),
        "default_target_schema": f"setup{number}", "load_method": "upsert",
        "current_view": False,
    }  # fmt: skip
    planted = Planted(place, warehouse, number, config, config)
    planted.new_user(*LISTING)
    role = planted.new_role(trust(of_user("nobody")))
    if warehouse == "redshift":
        planted.config |= {"user": f"setup{number}", "password": PASSWORD, "iam_role": role}
    else:
        planted.config |= {
            "user": f"SETUP_USER{number}", "password": PASSWORD, "role": f"SETUP{number}",
            "storage_integration": f"SETUP_S3_{number}",
        }  # fmt: skip
        place.sql("snowflake", f"CREATE USER SETUP_USER{number} PASSWORD = '{PASSWORD}'")
    return planted, role


def set_up(planted: Planted, role: str, left_out: str = "") -> list[str]:
    """Do what --setup-sql says, but for one statement; return its statements."""
    path = planted.place.file("setup.json", json.dumps(planted.config).encode())
    done = CliRunner().invoke(TARGETS[planted.warehouse].cli, ["--config", path, "--setup-sql", "--format", "json"])
    assert done.exit_code == 0, done.output
    setup = json.loads(done.stdout)
    for statement in setup["statements"]:
        if statement != left_out:
            planted.sql(
                statement.replace("<its password>", PASSWORD).replace("<ARN of the role that reads the bucket>", role)
            )
    for one in setup["policies"]:
        document = json.dumps(one["document"])
        if "trust policy" in one["of"]:
            document = _filled(planted, document)
            planted.place.client("iam").update_assume_role_policy(RoleName=planted.role, PolicyDocument=document)
        else:
            planted.attach("role" if "COPY reads" in one["of"] else "user", one["document"])
    return [str(statement) for statement in setup["statements"]]


def _filled(planted: Planted, document: str) -> str:
    if planted.warehouse == "redshift":
        return document
    rows = planted.place.query("snowflake", f"DESC INTEGRATION {planted.config['storage_integration']}")
    shown = {str(row[0]): str(row[2]) for row in rows}
    for name in ("STORAGE_AWS_IAM_USER_ARN", "STORAGE_AWS_EXTERNAL_ID"):
        document = document.replace(f"<{name}>", shown[name])
    return document


@pytest.mark.parametrize("warehouse", BOTH)
def test_what_setup_sql_prints_is_enough(place: Place, warehouse: str) -> None:
    """Run and added in an account with nothing in it, it lets the first load pass, and the doctor finds nothing."""
    planted, role = planted_bare(place, warehouse, 800 + BOTH.index(warehouse))
    set_up(planted, role)
    assert [(one.name, one.found) for one in planted.ask() if one.outcome is Outcome.FAILED] == []
    assert ran(warehouse, planted.config, {}, orders(planted.number)).error is None


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("warehouse", BOTH)
def test_nothing_of_what_setup_sql_prints_is_superfluous(place: Place, warehouse: str) -> None:
    """Without any one of its grants the first load fails; USAGE, and what PUBLIC has, have others that do as well."""
    planted, role = planted_bare(place, warehouse, 810 + BOTH.index(warehouse))
    statements = set_up(planted, role)
    grants = [one for one in statements if one.startswith("GRANT") and "TEMPORARY" not in one]
    grants = [one for one in grants if "USAGE ON DATABASE" not in one]
    assert grants
    for place_of, grant in enumerate(grants):
        other, its_role = planted_bare(place, warehouse, 820 + 10 * BOTH.index(warehouse) + place_of)
        same = next(one for one in set_up_statements(other) if one.split(" ON ")[0] == grant.split(" ON ")[0])
        set_up(other, its_role, left_out=same)
        assert ran(warehouse, other.config, {}, orders(other.number)).error is not None, grant


def set_up_statements(planted: Planted) -> list[str]:
    path = planted.place.file("setup.json", json.dumps(planted.config).encode())
    done = CliRunner().invoke(TARGETS[planted.warehouse].cli, ["--config", path, "--setup-sql", "--format", "json"])
    return [str(one) for one in json.loads(done.stdout)["statements"]]


@pytest.mark.parametrize("warehouse", BOTH)
def test_setup_sql_shows_no_secret(place: Place, warehouse: str) -> None:
    """Nor the password of the user that it creates."""
    config = place.config(warehouse, 830)
    path = place.file("setup.json", json.dumps(config).encode())
    done = CliRunner().invoke(TARGETS[warehouse].cli, ["--config", path, "--setup-sql"])
    assert done.exit_code == 0
    assert "GRANT" in done.stdout
    for secret in (config["password"], config["aws_secret_access_key"]):
        assert secret not in done.output
