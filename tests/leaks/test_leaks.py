"""Nothing leaks: a canary in every sensitive setting, by every way to configure, searched for in every place.

    place                                                   looked at by
    the log, at every level, its tracebacks                 test_what_a_run_says
    errors: of a driver, of S3, of keys that are none       test_what_a_run_says
    standard output: messages, STATE                        test_what_a_run_says
    files left behind, by name and content                  test_what_a_run_says
    errors of a wrong value, and of a contradiction         test_errors_of_a_wrong_value
    errors of a reference that leads nowhere                test_errors_of_references
    --about as text, JSON and markdown; --help              test_about
    the command line, and processes that were started       tests/load/test_leaks_of_a_load.py
    the environment of processes that were started          tests/load/test_leaks_of_a_load.py
    names and contents of objects in S3                     tests/load/test_leaks_of_a_load.py
    the ledger of the warehouse                             tests/load/test_leaks_of_a_load.py
    files left behind by a load, their modes                tests/load/test_leaks_of_a_load.py
    what the stand-ins write into their logs                tests/load/test_leaks_of_a_load.py
    modes of files that are written on purpose              test_what_is_written_is_for_its_owner

Of the query logs of the warehouses: Redshift and Snowflake mask the keys of COPY and CREATE STAGE themselves; the
stand-ins keep no log of queries.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from singer_bulk.face import plugin as face
from singer_bulk.identity import masks as bulk_masks
from singer_bulk.identity import references
from singer_bulk.identity.masks import Masks, masks
from singer_bulk.warehouse.words import literal
from tap_csv_extract import cli as tap_cli
from tap_csv_extract import references as tap_references
from tap_csv_extract.masks import Masks as TapMasks
from tap_csv_extract.masks import masks as tap_masks
from target_snowflake_stage import session as snowflake_session

from tests.leaks.connectors import AWS, CLIENT, CONNECTORS, LOGIN, WAYS, Canary, canary, configurations
from tests.leaks.runs import REFUSALS, run, talkative

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def _is_short(name: str, way: str, level: str) -> bool:
    """Whether the case is in each run of the suite: how settings are read, what is logged and who is the connector
    have nothing to do with one another; make test-long has them all."""
    if name == "target-redshift-copy":
        return level == "DEBUG" or way == "json"
    return (way, level) == ("json", "DEBUG")


CASES = [
    pytest.param(name, way, level, marks=[] if _is_short(name, way, level) else pytest.mark.long)
    for name in CONNECTORS
    for way in WAYS
    for level in LEVELS
    if way != "ini" or CONNECTORS[name].ini
]


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what a run before has masked be unknown to the next."""
    for one in (masks, tap_masks):
        monkeypatch.setattr(one, "texts", [])


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No secrets of an earlier run are masked or held; a home and a place for temporary files of our own."""
    forget(monkeypatch)
    factory = logging.getLogRecordFactory()
    logging.setLogRecordFactory(logging.LogRecord)
    (tmp_path / "left").mkdir()
    monkeypatch.chdir(tmp_path / "left")
    monkeypatch.setenv("HOME", str(tmp_path / "left"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "left"))
    yield
    logging.setLogRecordFactory(factory)


def hold(connector: Any, monkeypatch: pytest.MonkeyPatch, held: dict[str, str]) -> None:
    """Let the sources of secrets that are far away hold these."""
    module, found = connector.references, type(connector.references.secrets)

    def source(scheme: str) -> Any:
        one = module.SOURCES[scheme]
        if scheme in ("env", "file"):
            return one
        kind = sys.modules[type(one).__module__].Found
        return type(one)(
            one.what, lambda place: kind(parts={"value": held[place]}) if scheme == "vault" else kind(held[place])
        )

    sources = {scheme: source(scheme) for scheme in module.SOURCES}
    monkeypatch.setattr(module, "secrets", found(sources, module._hide, start=lambda work: None))


def seen(text: str, canaries: dict[str, Canary]) -> list[str]:
    """Return the settings whose canary is in the text."""
    return [setting for setting, one in canaries.items() if any(mark in text for mark in one.marks)]


def test_every_sensitive_setting_has_a_canary() -> None:
    """Whatever is declared secret is in a group, so that a new setting is looked for as well."""
    for connector in CONNECTORS.values():
        assert {name for group in connector.groups for name, value in group.items() if value is None} == (
            connector.sensitive
        )


def leaks_of(name: str, way: str, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the lines with a canary that runs have written whose drivers repeat all they are given."""
    connector, leaked = CONNECTORS[name], []
    for setup, canaries in configurations(name, way, tmp_path):
        hold(connector, monkeypatch, setup.held)
        given: set[str] = set()
        for refusal in REFUSALS if name.startswith("target") else ("file",):
            stage = "s3://bucket/" if "aws_session_token" in canaries else None
            keys = " ".join(f"SECRET {literal(canaries[name].text)}" for name in canaries if name.startswith("aws"))
            told = talkative(monkeypatch, refusal, stage, keys if refusal == "statement" else "")
            forget(monkeypatch)
            outcome = run(connector, setup, monkeypatch, told, level=level)
            assert outcome.status == 1, outcome.stderr[-2000:]
            leaked += [line for line in (outcome.stdout + outcome.stderr).splitlines() if seen(line, canaries)]
            given.update(seen("".join(outcome.told), canaries))
        # The passphrase of a key is for nobody else, and neither is the key of masks; on_failure is called, not given.
        assert canaries.keys() - given <= {"private_key_passphrase", "mask_key", "on_failure"}, (
            "what no driver is given shows nothing"
        )
    return leaked


@pytest.mark.parametrize(("name", "way", "level"), CASES)
def test_what_a_run_says(name: str, way: str, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drivers that repeat all they were given, in errors and at every level of the log, give no canary away."""
    assert leaks_of(name, way, level, tmp_path, monkeypatch) == []
    assert [file for file in (tmp_path / "left").rglob("*") if file.is_file()] == []


def _nothing(*_: Any, **__: Any) -> None:
    pass


def _without_traceback(self: Masks, *arguments: Any, **named: Any) -> logging.LogRecord:
    record = self._make(*arguments, **named)
    record.msg, record.args = self.masked(record.getMessage()), ()
    return record


# What hides secrets, one thing at a time broken: (object, name, instead of it), and the case that has to notice.
MUTANTS: dict[str, tuple[tuple[Any, str, Any], tuple[str, str, str]]] = {
    "log records are not looked at": ((Masks, "install", _nothing), ("target-redshift-copy", "json", "INFO")),
    "those of the tap are not": ((TapMasks, "install", _nothing), ("tap-csv-extract", "json", "INFO")),
    "settings of a target are not hidden": (
        (face, "secrets_in", lambda *_: []),
        ("target-redshift-copy", "environment", "INFO"),
    ),
    "settings of the tap are not hidden": ((tap_cli, "secrets_in", lambda *_: []), ("tap-csv-extract", "json", "INFO")),
    "what references lead to is not": (
        (references, "_hide", _nothing),
        ("target-redshift-copy", "vault", "INFO"),
    ),
    "what the tap's lead to is not": ((tap_references, "_hide", _nothing), ("tap-csv-extract", "file", "INFO")),
    "a key of many lines is hidden as one text": (
        (Masks, "hide", lambda self, secrets: setattr(self, "texts", [*self.texts, *secrets])),
        ("target-snowflake-stage", "json", "INFO"),
    ),
    "tracebacks are not looked at": ((Masks, "record", _without_traceback), ("target-redshift-copy", "json", "INFO")),
    "texts are hidden as they are alone": (
        (bulk_masks, "forms", lambda text: (text,)),
        ("target-redshift-copy", "json", "INFO"),
    ),
    "the key that a driver is given is not hidden": (
        (snowflake_session.masks, "hide", _nothing),
        ("target-snowflake-stage", "json", "INFO"),
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("what", MUTANTS)
def test_what_hides_secrets_is_missed(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it a canary is found: the test that finds none has looked."""
    (place, name, instead), case = MUTANTS[what]
    monkeypatch.setattr(place, name, instead)
    assert leaks_of(*case, tmp_path, monkeypatch) != []


@pytest.mark.parametrize("name", CONNECTORS)
def test_errors_of_a_wrong_value(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value of another kind, one with NUL, and settings that compete are refused by name alone.

    Those of all other settings, into which a secret may come by mistake, are in tests/unit/test_settings.py.
    """
    connector, told = CONNECTORS[name], talkative(monkeypatch, "login")
    canaries = {setting: canary(setting) for setting in connector.sensitive}
    wrong: list[dict[str, Any]] = [{one: text.text for one, text in canaries.items()}]  # all at once
    for setting, one in canaries.items():
        wrong += [{setting: value} for value in ([one.text], [[one.text]], {"x": one.text})]
    for config in wrong if len(connector.groups) > 1 else wrong[1:]:
        forget(monkeypatch)
        text = _refusal(connector, {**connector.needed, **config})
        forget(monkeypatch)
        setup = WAYS["json"](connector, tmp_path, {**connector.needed, **config})
        text += run(connector, setup, monkeypatch, told, level="DEBUG").stderr
        assert "CFG-VALUE" in text
        assert seen(text, canaries) == []


def _refusal(connector: Any, config: dict[str, Any]) -> str:
    """Return the text of the error by which a configuration is refused."""
    try:
        connector.plugin(config=config)
    except Exception as error:
        return f"{error!r} {error}"
    raise AssertionError("not refused")


REFERENCES = [
    pytest.param(name, scheme, marks=[] if name == "target-redshift-copy" or scheme == "env" else pytest.mark.long)
    for name in CONNECTORS
    for scheme in references.SOURCES
]


_AWS_KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
_LOGIN_KEYS = {"login_access_key_id": "x", "login_secret_access_key": "x", "cluster_identifier": "c"}
# Setting -> what else has to be set for it.
NEEDED: dict[str, dict[str, str]] = {
    "token": {"authenticator": "oauth"},
    "private_key_passphrase": {"private_key": "x"},
    "oauth_client_secret": CLIENT,
    "passcode": {"authenticator": "username_password_mfa", "password": "x"},
    **dict.fromkeys(AWS, _AWS_KEYS),
    **dict.fromkeys(LOGIN, _LOGIN_KEYS),
}


@pytest.mark.parametrize(("name", "scheme"), REFERENCES)
def test_errors_of_references(name: str, scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password that begins like a reference is not shown by the error that says so."""
    connector, told = CONNECTORS[name], talkative(monkeypatch, "login")
    monkeypatch.setattr(
        connector.references,
        "secrets",
        type(connector.references.secrets)(connector.references.SOURCES, connector.references._hide),
    )
    for variable in ("AWS_REGION", "AWS_DEFAULT_REGION", "VAULT_ADDR", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    for number, setting in enumerate(sorted(connector.sensitive)):
        one = canary(setting)
        config = {**connector.needed, **NEEDED.get(setting, {}), setting: f"{scheme}:{one.marks[0]}#{one.marks[-1]}"}
        place = tmp_path / str(number)
        place.mkdir()
        outcome = run(connector, WAYS["json"](connector, place, config), monkeypatch, told, level="DEBUG")
        assert outcome.status == 1
        assert f"setting {setting!r} is a reference ({scheme}:) to " in outcome.stderr
        assert seen(outcome.stderr + outcome.stdout, {setting: one}) == []


ABOUT = ["--about", "--format"]
ASKED = (["--help"], ["--version"], ["--about"], [*ABOUT, "json"], [*ABOUT, "markdown"])


@pytest.mark.parametrize("name", CONNECTORS)
@pytest.mark.parametrize("way", ["json", "environment"])
def test_about(name: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a command tells of itself has no value of a setting in it."""
    connector, told = CONNECTORS[name], talkative(monkeypatch, "login")
    for setup, canaries in configurations(name, way, tmp_path):
        for asked in ASKED:
            outcome = run(connector, setup, monkeypatch, told, *asked, level="DEBUG")
            assert outcome.status == 0, (asked, outcome.stderr)
            assert seen(outcome.stdout + outcome.stderr, canaries) == []
            assert outcome.stdout


def test_what_is_written_is_for_its_owner(tmp_path: Path) -> None:
    """Rejected rows of the tap, files of the demo, settings of the stand-ins: no other user reads them."""
    from local_warehouse.settings import write_private
    from tap_csv_extract.rejects import _for_owner

    from demo.__main__ import write

    write_private(tmp_path / "stand-in.json", {"password": "x"})
    write(tmp_path / "demo.json", {"password": "x"})
    with open(tmp_path / "rejects.jsonl", "ab", opener=_for_owner) as file:
        file.write(b"{}")
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir() if file.is_file()} == {0o600}
