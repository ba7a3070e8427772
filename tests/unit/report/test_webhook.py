"""A webhook hears of a run that has failed; whatever it does, the run ends."""

from __future__ import annotations

import json
from threading import Event

from singer_bulk.model.report import Failure, RunReport
from singer_bulk.report.webhook import body_of, post

from tests.unit.report.servers import serving

REPORT = RunReport(
    run_id="7f",
    pipeline_id="demo",
    connector="target-redshift-copy",
    status="failed",
    exit_status=1,
    failure=Failure(code="REC-VALUE", what="what", in_the_warehouse="there", what_to_do="do"),
)


def test_it_gets_the_three_lines() -> None:
    """The body is JSON; `text` is what chats show."""
    told: list[tuple[str, bytes]] = []
    with serving(lambda path, body: told.append((path, body)) or 200) as address:  # type: ignore[func-returns-value]
        assert post(f"{address}/hook?token=1", body_of(REPORT)) is None
    ((path, body),) = told
    assert path == "/hook?token=1"
    decoded = json.loads(body)
    assert decoded["text"] == "demo has failed: what\nthere\ndo"
    assert (decoded["exit_status"], decoded["failure"]["code"]) == (1, "REC-VALUE")


def test_one_that_does_not_answer_is_left_alone() -> None:
    """The wait is bounded."""
    over = Event()

    def answer(path: str, body: bytes) -> int:
        over.wait(60)
        return 200

    with serving(answer) as address:
        problem = post(address, b"{}", max_seconds=0.2)
        over.set()
    assert problem is not None


def test_a_refusal_is_told() -> None:
    """So is an address that is none, and one where nobody listens."""
    with serving(lambda path, body: 500) as address:
        assert post(address, b"{}") == "answer 500"
    refused = post(address, b"{}")
    assert refused is not None
    assert "refused" in refused.lower()
    assert post("ftp://x", b"{}") == "no address that begins with https:// or http://"
