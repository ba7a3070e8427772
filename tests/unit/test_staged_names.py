"""What dead runs left is found; what lives, is kept, or is not ours is never touched."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from singer_bulk.stage.keys import leftovers

NOW = datetime(2020, 6, 10, tzinfo=timezone.utc)
RUN, KEPT, LONG, YOUNG = "a" * 32, "b" * 32, "c" * 32, "d" * 32


def test_only_old_files_of_dead_runs_are_leftovers() -> None:
    """By name, age and ledger, however many files a run had.

    A run that began long ago and still writes files is alive, with all of its files.
    """
    begun = "20200601T000000Z"
    names = ["00001.csv.gz", "00001.csv.gz.manifest", "100000.csv.gz", "100000.csv.gz.manifest"]
    dead = [f"p/orders/{begun}-{RUN}-{name}" for name in names]
    kept = [f"p/orders/{begun}-{KEPT}-00001.csv.gz"]
    parts = f"p/_parts/orders/{begun}-{RUN}-00001.csv.gz"  # a receipt may name it
    foreign = ["p/orders/data.csv.gz", parts, f"p/_rejected/orders/{begun}-{RUN}-00001.jsonl"]
    live = [f"p/orders/{begun}-{LONG}-00001.csv.gz", f"p/users/20200609T230000Z-{YOUNG}-00001.csv.gz"]
    written = dict.fromkeys([*dead, *kept, *foreign, *live], NOW - timedelta(days=9))
    written[f"p/users/{begun}-{LONG}-00002.csv.gz"] = NOW - timedelta(hours=47)
    # What a replay of kept files has left, and descriptions: of a load that is kept, of one that was not committed.
    dead.append(f"p/orders/{begun}-{KEPT}-00001.csv.gz.{'e' * 32}.manifest")
    described = [f"p/_loads/{run}-1.json" for run in (RUN, "f" * 32)]
    kept_description = f"p/_loads/{KEPT}-1.json"
    written |= dict.fromkeys([dead[-1], *described, kept_description], NOW - timedelta(days=9))
    written[f"p/_loads/{'0' * 32}-1.json"] = NOW - timedelta(hours=47)
    assert leftovers(written, NOW, timedelta(hours=48), {KEPT}) == [*dead, *described]
