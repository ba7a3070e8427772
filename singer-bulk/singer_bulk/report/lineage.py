"""OpenLineage: a run starts, completes or fails, and writes tables with these columns and so many rows.

https://openlineage.io/docs/spec/object-model and, for the names of tables, https://openlineage.io/docs/spec/naming.
Where events go is the environment's matter (OPENLINEAGE_URL and others, which the library reads).
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    error_message_run,
    job_type_job,
    output_statistics_output_dataset,
    processing_engine_run,
    schema_dataset,
)

from singer_bulk.model.report import LoadReport, RunReport, StreamReport

PRODUCER = "https://example.org/singer-warehouse/"


class Lineage:
    """One run; `namespace` is the warehouse's, `jobs` the namespace of the jobs."""

    def __init__(self, namespace: str, database: str, jobs: str) -> None:
        self._place, self._jobs = (namespace, database), jobs
        self._client = OpenLineageClient()
        self._has_begun = False

    def begin(self, report: RunReport) -> None:
        """Tell that the run has begun."""
        self._has_begun = True
        self._client.emit(event(report, RunState.START, report.started_at, self._place, self._jobs))

    def load(self, report: RunReport, load: LoadReport) -> None:
        """Lineage has no word for a load: what it has written comes with the end."""

    def end(self, report: RunReport) -> None:
        """Tell how the run has ended."""
        if not self._has_begun:
            self.begin(report)
        state = RunState.COMPLETE if report.status == "succeeded" else RunState.FAIL
        self._client.emit(event(report, state, report.ended_at or report.started_at, self._place, self._jobs))
        self._client.close()


def event(report: RunReport, state: RunState, at: str, place: tuple[str, str], jobs: str) -> RunEvent:
    """Return the event: inputs are the tap's streams, outputs the tables that loads have committed."""
    job = report.pipeline_id or report.connector
    engine = processing_engine_run.ProcessingEngineRunFacet(
        version=report.connector_version or "0", name=report.connector, openlineageAdapterVersion=None
    )
    facets: dict[str, Any] = {"processing_engine": engine}
    if report.failure is not None:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            message=report.failure.what, programmingLanguage="Python", stackTrace=None
        )
    kind = job_type_job.JobTypeJobFacet(processingType="BATCH", integration="SINGER", jobType="LOAD")
    written = [stream for stream in report.streams if stream.table is not None]
    return RunEvent(
        eventTime=datetime.fromisoformat(at).isoformat(),
        eventType=state,
        run=Run(runId=str(uuid.UUID(report.run_id or uuid.uuid4().hex)), facets=facets),
        job=Job(namespace=jobs, name=job, facets={"jobType": kind}),
        producer=PRODUCER,
        inputs=[InputDataset(namespace=f"singer://{job}", name=stream.stream) for stream in written],
        outputs=[_output(stream, *place) for stream in written],
    )


def _output(stream: StreamReport, namespace: str, database: str) -> OutputDataset:
    fields = [schema_dataset.SchemaDatasetFacetFields(name=name, type=kind) for name, kind in stream.columns.items()]
    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
        rowCount=stream.rows_loaded, size=stream.bytes_staged, fileCount=stream.files
    )
    return OutputDataset(
        namespace=namespace,
        name=f"{database}.{stream.table}" if database else str(stream.table),
        facets={"schema": schema_dataset.SchemaDatasetFacet(fields=fields)},
        outputFacets={"outputStatistics": statistics},
    )
