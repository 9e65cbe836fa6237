"""Days of one account as mapped tasks that share its quota, and the same where each believes that it has all of it."""

import json
import os
from pathlib import Path

from airflow.sdk import DAG, task
from request_times import record_requests

from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator


class NotedAudit(DysmsToObjectStorageOperator):
    """Leaves next to its output when it wrote its requests, and which worker it ran in."""

    def execute(self, context):
        written = []
        record_requests(written, b"POST /", containing=b"x-acs-action: QuerySendDetails")
        manifest = super().execute(context)
        notes = Path(self.output_uri.removeprefix("file://")) / "_notes"
        notes.mkdir(exist_ok=True)
        noted = {"session": os.getsid(0), "written": written}
        (notes / f"{self.send_date}.json").write_text(json.dumps(noted))
        return manifest


for dag_id, requests_per_second in (
    ("shared", float(os.environ["SCALE_EACH"])),
    ("unshared", float(os.environ["SCALE_QUOTA"])),
):
    with DAG(dag_id, schedule=None):

        @task
        def days(dag_run=None):
            return dag_run.conf["days"]

        NotedAudit.partial(
            task_id="audit",
            sent_uri="{{ dag_run.conf['folder'] }}/sent/{send_date:%Y-%m-%d}.csv",
            output_uri="{{ dag_run.conf['folder'] }}/" + dag_id,
            pool="dysms",
            requests_per_second=requests_per_second,
        ).expand(send_date=days())
