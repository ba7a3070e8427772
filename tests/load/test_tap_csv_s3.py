"""The tap and S3: listing, ranges, what STATE knows, and errors that name their remedy."""

from __future__ import annotations

import bz2
import gzip
import io
import uuid
import zipfile
from typing import Any

import pytest
from tap_csv_extract import s3 as tap_s3
from tap_csv_extract.errors import ConfigError, SourceError

from tests.conftest import S3
from tests.unit.tap_run import last_state, records, run_tap

TEXT = "id|name\n" + "".join(f"{number}|name {number}\n" for number in range(20_000))


@pytest.fixture
def folder(s3: S3) -> str:
    """A prefix of this test."""
    return f"tap/{uuid.uuid4().hex}"


def settings(s3: S3, user: str = "loader") -> dict[str, Any]:
    keys = s3.facts["keys"][user]
    return {
        "aws_access_key_id": keys["access_key_id"],
        "aws_secret_access_key": keys["secret_access_key"],
        "s3_endpoint_url": s3.facts["endpoint_url"],
        "s3_region": s3.facts["region"],
    }


def put(s3: S3, key: str, body: bytes) -> None:
    s3.client().put_object(Bucket=s3.bucket, Key=key, Body=body)


def ids(s3: S3, path: str, state: dict[str, Any] | None = None, **more: Any) -> list[int]:
    messages = run_tap({"path": f"s3://{s3.bucket}/{path}", "stream": "s", **more}, state, **settings(s3))
    return [record["id"] for record in records(messages)]


def test_objects_prefixes_and_globs(s3: S3, folder: str) -> None:
    """A key is one object, a prefix its objects, * stays within a folder and ** does not."""
    for number, key in enumerate(["a.csv", "b.csv", "b.txt", "_SUCCESS", "deep/c.csv", "deep/er/d.csv"]):
        put(s3, f"{folder}/{key}", f"id|x\n{number}|x\n".encode())
    assert ids(s3, f"{folder}/a.csv") == [0]
    assert ids(s3, f"{folder}/") == [0, 1, 2]
    assert ids(s3, f"{folder}/*.csv") == [0, 1]
    assert ids(s3, f"{folder}/[!a].csv") == [1]
    assert ids(s3, f"{folder}/**/*.csv") == [0, 1, 4, 5]
    assert ids(s3, f"{folder}/deep/*") == [4]


def test_key_with_marks_of_a_glob(s3: S3, folder: str) -> None:
    """A key that is exactly the path is that object, as a file would be: browsers call downloads report[1].csv."""
    put(s3, f"{folder}/report[1].csv", b"id|x\n1|x\n")
    assert ids(s3, f"{folder}/report[1].csv") == [1]
    put(s3, f"{folder}/report1.csv", b"id|x\n2|x\n")
    assert ids(s3, f"{folder}/report[1].csv") == [1]
    assert ids(s3, f"{folder}/report[12].csv") == [2]


def test_packed_objects(s3: S3, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed objects and archives are read by ranges, whatever the size of a range."""
    monkeypatch.setattr(tap_s3, "RANGE_BYTES", 10_000)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.csv", TEXT)
    for name, body in {
        "a.csv": TEXT.encode(), "a.csv.gz": gzip.compress(TEXT.encode()), "a.csv.bz2": bz2.compress(TEXT.encode()),
        "a.zip": archive.getvalue(),
    }.items():  # fmt: skip
        put(s3, f"{folder}/{name}", body)
        assert ids(s3, f"{folder}/{name}") == list(range(20_000))


def test_what_state_knows(s3: S3, folder: str) -> None:
    """An object that did not change is left out, one that grew goes on, one that was replaced is read again."""
    entry = {
        "path": f"s3://{s3.bucket}/{folder}/*.csv", "stream": "s", "replication_method": "INCREMENTAL",
        "state_every_rows": 5000,
    }  # fmt: skip

    def run(state: dict[str, Any] | None) -> tuple[list[int], dict[str, Any]]:
        messages = run_tap(entry, state, **settings(s3))
        return [record["id"] for record in records(messages)], last_state(messages)

    put(s3, f"{folder}/a.csv", TEXT.encode())
    found, state = run(None)
    assert found == list(range(20_000))
    put(s3, f"{folder}/a.csv", TEXT.encode())  # the same bytes at a later time
    found, state = run(state)
    assert found == []
    put(s3, f"{folder}/a.csv", (TEXT + "20000|x\n").encode())
    put(s3, f"{folder}/b.csv", b"id|name\n-1|x\n")
    found, state = run(state)
    assert found == [20_000, -1]
    put(s3, f"{folder}/a.csv", TEXT.replace("name 3", "NAME 3").encode())
    found, state = run(state)
    assert found == list(range(20_000))


def test_object_that_is_not_there(s3: S3, folder: str) -> None:
    """A key without an object and a bucket that does not exist are named."""
    with pytest.raises(ConfigError, match="no such object; correct 'path'"):
        ids(s3, f"{folder}/a.csv")
    with pytest.raises(SourceError, match=r"NoSuchBucket: no such bucket; correct 'path' \[CSV-CFG-PATH\]$"):
        run_tap({"path": "s3://no-such-bucket-here/a.csv"}, **settings(s3, "admin"))


def test_wrong_keys(s3: S3, folder: str) -> None:
    """Keys that S3 does not know are an error that names the setting and shows no secret."""
    put(s3, f"{folder}/a.csv", TEXT.encode())
    wrong = {**settings(s3), "aws_access_key_id": "AKIAWRONG", "aws_secret_access_key": "not-the-secret"}
    with pytest.raises(SourceError, match=r"S3 answers InvalidAccessKeyId: .* correct 'aws_access_key_id'") as caught:
        run_tap({"path": f"s3://{s3.bucket}/{folder}/a.csv"}, **wrong)
    assert "not-the-secret" not in str(caught.value)
