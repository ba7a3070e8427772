"""Errors that the Singer SDK has a name for leave the face under both names, the SDK's and ours.

Who runs a target by the SDK's interface, as its own test suite does, catches the SDK's exceptions; everything below
the face does without the SDK.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException

from singer_bulk.errors import BulkError, KeyPropertyMissing, RecordBeforeSchema


class SdkRecordBeforeSchema(RecordBeforeSchema, RecordsWithoutSchemaException):
    """A RECORD of a stream that has no SCHEMA yet."""

    def __init__(self, error: RecordBeforeSchema) -> None:
        BulkError.__init__(self, error.text, code=error.code)
        self.line_number = error.line_number


class SdkKeyPropertyMissing(KeyPropertyMissing, MissingKeyPropertiesError):
    """A record without one of its stream's key properties."""

    def __init__(self, error: KeyPropertyMissing) -> None:
        BulkError.__init__(self, error.text, code=error.code)
        self.line_number = error.line_number


@contextmanager
def sdk_names() -> Iterator[None]:
    """Raise the errors that the SDK has a name for as its exceptions, which are ours as well."""
    try:
        yield
    except RecordBeforeSchema as error:
        raise SdkRecordBeforeSchema(error) from error
    except KeyPropertyMissing as error:
        raise SdkKeyPropertyMissing(error) from error
