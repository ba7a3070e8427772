"""METRIC lines, as the Singer SDK writes them: counts of records and rows by stream.

https://sdk.meltano.com/en/latest/implementation/metrics.html
"""

from __future__ import annotations

import os
from collections import Counter

from singer_sdk import metrics

from singer_bulk.model.report import RunReport

STATUSES = {"succeeded": metrics.Status.SUCCEEDED, "failed": metrics.Status.FAILED}


class Metrics:
    """Tells what has come since it told last, in the SDK's words: `record_count` is what is committed, as with its
    sinks, and `sync_duration` the run."""

    def __init__(self) -> None:
        self._told: Counter[str] = Counter()
        self._logger = metrics.get_metrics_logger()

    def tell(self, report: RunReport) -> None:
        """Log a counter for each stream that has moved, and at the end how long the run took."""
        pid = os.getpid()
        for stream in report.streams:
            count = stream.rows_loaded - self._told[stream.stream]
            if count:
                tags = {metrics.Tag.STREAM.value: stream.stream, metrics.Tag.PID.value: pid}
                metrics.log(self._logger, metrics.Point("counter", metrics.Metric.RECORD_COUNT, count, tags))
                self._told[stream.stream] = stream.rows_loaded
        if report.status in STATUSES:
            tags = {metrics.Tag.STATUS.value: STATUSES[report.status].value, metrics.Tag.PID.value: pid}
            metrics.log(self._logger, metrics.Point("timer", metrics.Metric.SYNC_DURATION, report.seconds, tags))
