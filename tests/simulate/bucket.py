"""S3 in memory: objects that appear when they are complete, parts that cost until they are given up, and a client.

The client has the methods of boto3's that the stage calls, each a call over the network: it takes time, and may fail
before and after it took effect. boto3's own retries are over when an error comes out of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError

from tests.simulate.faults import Faults
from tests.simulate.schedule import BEGIN, Killed, Process, Scheduler

# A call that hangs ends when boto3 has waited for it often enough.
HANG_SECONDS = 500.0


@dataclass
class Bucket:
    """Objects by key, with the time of their writing; uploads that are not complete."""

    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)
    uploads: dict[str, tuple[str, dict[int, bytes]]] = field(default_factory=dict)
    count: int = 0
    slowness: float = 1.0

    def read(self, key: str) -> bytes:
        """Return an object; KeyError if there is none."""
        return self.objects[key][0]


@dataclass
class Client:
    """What a process has of boto3."""

    bucket: Bucket
    scheduler: Scheduler
    faults: Faults
    process: Process
    expired: bool = False
    failed: bool = False  # a call has

    def put_object(self, *, Bucket: str, Key: str, Body: Any) -> dict[str, Any]:
        """Write an object."""
        step = "put manifest" if Key.endswith(".manifest") else "put"
        return self._call(step, Key, lambda: self._put(Key, bytes(Body)))

    def create_multipart_upload(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        """Begin an object in parts."""
        return self._call("create", Key, lambda: self._create(Key))

    def upload_part(self, *, Bucket: str, Key: str, UploadId: str, PartNumber: int, Body: Any) -> dict[str, Any]:
        """Write a part."""
        return self._call("part", Key, lambda: self._part(UploadId, PartNumber, bytes(Body)))

    def complete_multipart_upload(
        self, *, Bucket: str, Key: str, UploadId: str, MultipartUpload: dict[str, Any]
    ) -> dict[str, Any]:
        """Let the object appear, made of its parts."""
        return self._call("complete", Key, lambda: self._complete(UploadId, MultipartUpload["Parts"]))

    def abort_multipart_upload(self, *, Bucket: str, Key: str, UploadId: str) -> dict[str, Any]:
        """Give up the parts."""
        return self._call("abort", Key, lambda: self._abort(UploadId))

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        """Remove objects, also those that are not there."""
        keys = sorted(entry["Key"] for entry in Delete["Objects"])
        return self._call("delete", " ".join(keys), lambda: self._delete(keys))

    def get_paginator(self, name: str) -> Client:
        """Return what lists objects."""
        assert name == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
        """Yield all objects under the prefix."""
        return iter([self._call("list", Prefix, lambda: self._list(Prefix))])

    def _call(self, step: str, what: str, effect: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        scheduler = self.scheduler
        scheduler.check()
        fault = self.faults.at(step)
        scheduler.note(f"S3 {step} {what}{f' <{fault}>' if fault else ''}")
        scheduler.sleep(HANG_SECONDS if fault == "hang" else (0.01 + scheduler.random() * 0.2) * self.bucket.slowness)
        self.failed = self.failed or fault is not None
        if fault == "death before":
            scheduler.kill(self.process)
            raise Killed
        self.expired = self.expired or fault == "expiry"
        if self.expired:
            raise _refused(step, "ExpiredToken")
        if fault == "error":
            raise _refused(step, "InternalError")
        if fault == "cut before":
            raise ConnectionClosedError(endpoint_url="http://s3")
        answer = effect()
        if fault == "death after":
            scheduler.kill(self.process)
            raise Killed
        scheduler.step()
        if fault in ("cut after", "hang"):
            raise ConnectionClosedError(endpoint_url="http://s3")
        return answer

    def _put(self, key: str, content: bytes) -> dict[str, Any]:
        self.bucket.objects[key] = (content, BEGIN + timedelta(seconds=self.scheduler.time))
        return {}

    def _create(self, key: str) -> dict[str, Any]:
        self.bucket.count += 1
        upload = f"upload-{self.bucket.count}"
        self.bucket.uploads[upload] = (key, {})
        return {"UploadId": upload}

    def _part(self, upload: str, number: int, content: bytes) -> dict[str, Any]:
        if upload not in self.bucket.uploads:
            raise _refused("part", "NoSuchUpload")
        self.bucket.uploads[upload][1][number] = content
        return {"ETag": f"{upload}-{number}"}

    def _complete(self, upload: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
        if upload not in self.bucket.uploads:
            raise _refused("complete", "NoSuchUpload")
        key, there = self.bucket.uploads.pop(upload)
        numbers = [part["PartNumber"] for part in parts]
        if numbers != sorted(set(numbers)) or not numbers:
            raise _refused("complete", "InvalidPartOrder")
        return self._put(key, b"".join(there[number] for number in numbers))

    def _abort(self, upload: str) -> dict[str, Any]:
        if self.bucket.uploads.pop(upload, None) is None:
            raise _refused("abort", "NoSuchUpload")
        return {}

    def _delete(self, keys: list[str]) -> dict[str, Any]:
        for key in keys:
            self.bucket.objects.pop(key, None)
        return {}

    def _list(self, prefix: str) -> dict[str, Any]:
        found = [(key, at) for key, (_, at) in self.bucket.objects.items() if key.startswith(prefix)]
        return {"Contents": [{"Key": key, "LastModified": at} for key, at in sorted(found)]}


def _refused(step: str, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "simulated"}}, step)
