"""The stage of a run: in whatever state a file is when the run ends, it goes unless a load has released it."""

from __future__ import annotations

import logging

import pytest
from singer_bulk.errors import MessageError, StageError
from singer_bulk.stage.owner import RunStage

from tests.fakes import Bench, FailingStage, Failure, lines, record, schema, state


def written(stage: RunStage, key: str) -> None:
    """Write a file and close it."""
    file = stage.open(key)
    file.write(b"rows")
    file.close()


def test_what_was_not_released_is_removed() -> None:
    """Files that are open, closed, known to have arrived, or put at once; those that a load released stay."""
    bucket = FailingStage(files={"another's": b""})
    stage = RunStage(bucket)
    stage.open("open").write(b"rows")
    for key in ("closed", "arrived", "released", "removed"):
        written(stage, key)
    stage.put_all({"put": b"list"})
    stage.wait(["arrived", "released", "removed"])
    stage.release(["released"])
    stage.remove(["removed"])
    assert bucket.files.keys() == {"another's", "closed", "arrived", "released", "put"}
    stage.remove_rest()
    assert bucket.files.keys() == {"another's", "released"}
    assert bucket.opened == 0


def test_file_that_stays_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """A removal that is refused is a warning, and no failure of the run."""
    bucket = FailingStage(refusal=StageError("s3://bucket/a: AccessDenied", code="STAGE-REFUSED"))
    stage = RunStage(bucket)
    written(stage, "a")
    stage.remove_rest()
    assert caplog.messages == ["a staged file stays: s3://bucket/a: AccessDenied [STAGE-REFUSED]"]


class Refusing(FailingStage):
    """A stage that says, when it is waited for a file, that it was refused; or that the answer was lost."""

    def wait(self, keys: object) -> None:
        raise StageError("503", code="STAGE-AWAY")


@pytest.mark.parametrize("is_refused", [False, True], ids=["there", "not there"])
def test_file_that_was_never_written_is_no_alarm(is_refused: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Of a file that did not arrive nobody is told that it stays; where only the answer was lost, it is removed."""
    bucket = Refusing(refusal=StageError("AccessDenied", code="STAGE-REFUSED") if is_refused else None)
    stage = RunStage(bucket)
    written(stage, "a")
    with pytest.raises(StageError, match="503"):
        stage.wait(["a"])
    with caplog.at_level(logging.INFO):
        stage.remove_rest()
    assert caplog.messages == []
    assert bucket.files.keys() == ({"a"} if is_refused else set())


def test_small_file_that_failed_is_not_there() -> None:
    """Neither is one whose answer was lost, and the run ends with the error of the first call."""
    for after in (False, True):
        bucket = FailingStage(failure=Failure(1, after=after, error=StageError("503", code="STAGE-AWAY")))
        stage = RunStage(bucket)
        with pytest.raises(StageError, match="503"):
            stage.put_all({"manifest": b"", "another": b""})
        stage.remove_rest()
        assert bucket.files == {}


@pytest.mark.parametrize("keeps", [False, True])
def test_run_that_fails_keeps_what_its_loads_keep(keeps: bool) -> None:
    """The files of a load that was committed stay where they are to be kept; those behind it go in any case."""
    bench = Bench()
    text = lines(schema(), record(id=1), state(1), record(id=2)) + "broken\n"
    with pytest.raises(MessageError):
        bench.run(text, batch_size_rows=1, keep_staged_files=keeps)
    assert bench.emitted == ["1"]
    assert len(bench.stage.files) == 2 * keeps  # with its description
    assert bench.stage.rows() == ([b"1"] if keeps else [])


def test_refused_removal_does_not_fail_the_run() -> None:
    """The rows are in the table and the STATE is out: files that stay are no matter of the exit status."""
    bench = Bench(stage=FailingStage(refusal=StageError("AccessDenied", code="STAGE-REFUSED")))
    bench.run(lines(schema(), record(id=1), state(1)), keep_staged_files=False)
    assert bench.emitted == ["1"]
    assert len(bench.stage.files) == 1
