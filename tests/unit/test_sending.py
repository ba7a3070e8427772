"""Threads send files to S3 while another thread writes them; a client in memory answers when the test lets it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from singer_bulk.errors import StageError
from singer_bulk.stage import s3 as stages
from singer_bulk.stage.s3 import PART_BYTES, S3Settings, S3Stage

PART = bytes(PART_BYTES)
SECONDS = 120  # after which something has waited for what could not come


class Client:
    """The calls of boto3 that a stage makes, over a dictionary; those named in `held` wait until `go` is set."""

    def __init__(
        self, *, held: tuple[str, ...] = (), refused: tuple[str, ...] = (), error: Exception | None = None
    ) -> None:
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.begun: list[str] = []
        self.kept: set[str] = set()  # keys that may not be removed
        self.go = threading.Event()
        self._held, self._refused, self._error = held, refused, error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self._call, name)

    def _call(self, name: str, **given: Any) -> Any:
        self.begun.append(name)
        if name in self._held:
            assert self.go.wait(SECONDS)
        if name in self._refused:
            raise self._error or ClientError({"Error": {"Code": "AccessDenied"}}, name)
        return CALLS[name](self, given)


def _complete(client: Client, given: dict[str, Any]) -> None:
    parts = client.uploads.pop(given["UploadId"])
    client.objects[given["Key"]] = b"".join(parts[part["PartNumber"]] for part in given["MultipartUpload"]["Parts"])


def _upload(client: Client, given: dict[str, Any]) -> dict[str, str]:
    client.uploads[given["UploadId"]][given["PartNumber"]] = bytes(given["Body"])
    return {"ETag": str(given["PartNumber"])}


def _delete(client: Client, given: dict[str, Any]) -> dict[str, Any]:
    keys = [entry["Key"] for entry in given["Delete"]["Objects"]]
    for key in keys:
        if key not in client.kept:
            client.objects.pop(key, None)
    return {"Errors": [{"Key": key, "Code": "AccessDenied"} for key in keys if key in client.kept]}


def _create(client: Client, given: dict[str, Any]) -> dict[str, str]:
    client.uploads[given["Key"]] = {}
    return {"UploadId": given["Key"]}


CALLS: dict[str, Callable[[Client, dict[str, Any]], Any]] = {
    "put_object": lambda client, given: client.objects.__setitem__(given["Key"], bytes(given["Body"])),
    "create_multipart_upload": _create,
    "upload_part": _upload,
    "complete_multipart_upload": _complete,
    "abort_multipart_upload": lambda client, given: client.uploads.pop(given["UploadId"]),
    "delete_objects": _delete,
}


Open = Callable[..., tuple[Client, S3Stage]]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    def make(*, max_memory: int = 1 << 30, **more: Any) -> tuple[Client, S3Stage]:
        client = Client(**more)
        monkeypatch.setattr(stages, "s3_client", lambda settings, identity: client)
        return client, S3Stage(S3Settings("bucket"), max_memory)

    return make


def test_writing_goes_on_while_a_part_is_sent(opened: Open) -> None:
    """The writer waits neither for a part nor for the end of a file; the file is whole when `wait` returns."""
    client, stage = opened(held=("upload_part",))
    file = stage.open("orders/1")
    for content in (PART, b"second", PART):
        file.write(content)
    file.close()
    assert client.objects == {}
    client.go.set()
    stage.wait(["orders/1"])
    assert client.objects == {"orders/1": PART + b"second" + PART}
    assert file.byte_count == 2 * PART_BYTES + 6


def test_small_file_is_one_call(opened: Open) -> None:
    """A file smaller than a part is put in one call, whole or not at all; an empty file is a file too."""
    client, stage = opened()
    for key, content in (("orders/1", b"rows"), ("orders/2", b"")):
        file = stage.open(key)
        file.write(content)
        file.close()
    stage.wait(["orders/1", "orders/2"])
    assert client.objects == {"orders/1": b"rows", "orders/2": b""}
    assert client.begun == ["put_object", "put_object"]


def test_room_is_waited_for(opened: Open) -> None:
    """More than max_memory bytes wait only until a call that is on its way has ended."""
    client, stage = opened(max_memory=PART_BYTES - 1, held=("upload_part",))
    stage.open("orders/1").write(PART)
    with ThreadPoolExecutor(1) as reader:
        room = reader.submit(stage.has_room)
        assert not room.done()
        client.go.set()
        assert room.result(SECONDS)


def test_room_that_no_call_will_make(opened: Open) -> None:
    """If nothing is being sent, waiting does not help: the caller must close or drop a file."""
    _, stage = opened(max_memory=5)
    first, second = stage.open("orders/1"), stage.open("orders/2")
    first.write(b"four")
    assert stage.has_room()
    second.write(b"four")
    assert not stage.has_room()
    first.close()
    assert stage.has_room()
    first = stage.open("orders/3")
    first.write(b"four")
    assert not stage.has_room()
    first.abort()
    assert stage.has_room()


@pytest.mark.parametrize(
    "refused", ["create_multipart_upload", "upload_part", "complete_multipart_upload", "put_object"]
)
def test_refused_call_is_an_error_and_leaves_no_parts(opened: Open, refused: str) -> None:
    """Whichever call S3 refuses: `wait` says which file and why, and no part stays that nobody sees."""
    client, stage = opened(refused=(refused,))
    file = stage.open("orders/1")
    file.write(b"rows" if refused == "put_object" else PART)
    file.close()
    with pytest.raises(StageError, match="s3://bucket/orders/1: AccessDenied; grant s3:PutObject"):
        stage.wait(["orders/1"])
    assert (client.objects, client.uploads) == ({}, {})
    assert stage.has_room()


def test_refused_part_ends_the_writing(opened: Open) -> None:
    """A file of which a part could not be sent is not written to its end, however far that is."""
    client, stage = opened(max_memory=0, refused=("upload_part",))
    file = stage.open("orders/1")

    def write_on() -> None:
        for _ in range(100):
            file.write(PART)
            assert stage.has_room()

    with pytest.raises(StageError, match="AccessDenied"):
        write_on()
    assert client.begun.count("upload_part") <= 2


def test_abort_leaves_nothing(opened: Open) -> None:
    """A file that is given up while a part is on its way leaves neither part nor file."""
    client, stage = opened(held=("upload_part",))
    file = stage.open("orders/1")
    file.write(PART + b"rest")
    with ThreadPoolExecutor(1) as pool:
        aborted = pool.submit(file.abort)
        client.go.set()
        aborted.result(SECONDS)
    assert (client.objects, client.uploads) == ({}, {})
    assert stage.has_room()


def test_removed_file_does_not_arrive_later(opened: Open) -> None:
    """A file that is still on its way when it is removed is gone all the same."""
    client, stage = opened(held=("put_object",))
    file = stage.open("orders/1")
    file.write(b"rows")
    file.close()
    with ThreadPoolExecutor(1) as pool:
        removed = pool.submit(stage.remove, ["orders/1"])
        client.go.set()
        removed.result(SECONDS)
    assert client.begun == ["put_object", "delete_objects"]
    assert client.objects == {}


def test_answer_that_is_no_s3_leaves_no_parts(opened: Open) -> None:
    """What boto3 cannot read, a proxy's page say, is an error of the stage like others."""
    client, stage = opened(refused=("complete_multipart_upload",), error=ResponseParserError("no XML"))
    file = stage.open("orders/1")
    file.write(PART)
    file.close()
    with pytest.raises(StageError, match="no XML"):
        stage.wait(["orders/1"])
    assert client.uploads == {}


def test_refused_file_ends_the_writing_of_others(opened: Open) -> None:
    """A run that stages files for hours before it loads them hears of one that was refused when it begins another."""
    client, stage = opened(refused=("put_object",))

    def write_on() -> None:
        for number in range(1000):
            file = stage.open(f"orders/{number}")
            file.write(b"rows")
            file.close()
            client.go.wait(0.001)

    with pytest.raises(StageError, match="AccessDenied"):
        write_on()
    assert client.begun.count("put_object") < 1000


def test_refused_removal_keeps_no_other_file(opened: Open) -> None:
    """Where some files may not be removed, all the others are, beyond the thousand of one call too."""
    client, stage = opened()
    keys = [f"orders/{number}" for number in range(1500)]
    for key in keys:
        stage.put(key, b"")
    client.kept = {"orders/0", "orders/7"}
    with pytest.raises(StageError, match="s3://bucket/orders/0 and 1 more: not removed: AccessDenied"):
        stage.remove(keys)
    assert set(client.objects) == client.kept


def test_small_files_are_sent_side_by_side(opened: Open) -> None:
    """The manifests of a load go out four at a time; one that is refused is told when no call is under way any more."""
    client, stage = opened()
    contents = {f"orders/{number}.manifest": b"{}" for number in range(20)}
    stage.put_all(contents)
    assert client.objects.keys() == contents.keys()
    client, stage = opened(refused=("put_object",))
    with pytest.raises(StageError, match="AccessDenied"):
        stage.put_all(contents)
    assert client.begun.count("put_object") == len(contents)
