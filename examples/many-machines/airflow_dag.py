"""A DAG that makes a work list, stages each part in a mapped task, and commits them all, once."""

from __future__ import annotations

from datetime import datetime

from airflow.decorators import dag, task
from airflow.operators.bash import BashOperator

TARGET = "target-redshift-copy --config /etc/target.json"
WORK_LIST = "s3://bucket/lists/{{ run_id | replace(':', '-') }}.jsonl"


@dag(schedule="@daily", start_date=datetime(2026, 12, 1), catchup=False, max_active_runs=1)
def load_orders() -> None:
    """Work list, workers, coordinator."""
    make = BashOperator(
        task_id="make",
        bash_command=f"python make_work_list.py bucket in/{{{{ ds }}}}/ '{{{{ run_id }}}}' | aws s3 cp - '{WORK_LIST}'",
    )

    @task
    def places(work_list: str) -> list[dict[str, str]]:
        """Return the variables of each worker: one part is one line behind the head."""
        import boto3

        bucket, _, key = work_list.removeprefix("s3://").partition("/")
        body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return [{"PLACE": str(place)} for place in range(len(body.splitlines()) - 1)]

    found = places(WORK_LIST)
    stage = BashOperator.partial(
        task_id="stage",
        bash_command=f"{TARGET} --stage-only --work-list '{WORK_LIST}' --place $PLACE",
        append_env=True,
        retries=3,
    ).expand(env=found)
    commit = BashOperator(task_id="commit", bash_command=f"{TARGET} --commit '{WORK_LIST}'", retries=3)
    make >> found
    stage >> commit


load_orders()
