"""What dead runs left is found; what lives, is kept, or is not ours is never touched."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from singer_bulk.staged_names import leftovers

NOW = datetime(2020, 6, 10, tzinfo=timezone.utc)
RUN, OTHER = "a" * 32, "b" * 32


def test_only_old_files_of_dead_runs_are_leftovers() -> None:
    """By name, age and ledger."""
    dead = [f"p/orders/20200601T000000Z-{RUN}-00001.csv.gz", f"p/orders/20200601T000000Z-{RUN}-00001.csv.gz.manifest"]
    live = f"p/orders/20200609T230000Z-{RUN}-00001.csv.gz"
    kept = f"p/orders/20200601T000000Z-{OTHER}-00001.csv.gz"
    foreign = ["p/orders/data.csv.gz", f"p/_rejected/orders/20200601T000000Z-{RUN}-00001.jsonl"]
    found = leftovers([*dead, live, kept, *foreign], NOW, timedelta(hours=48), {OTHER})
    assert found == dead
