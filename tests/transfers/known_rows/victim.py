"""One attempt of an audit in a process of its own, so that it can be killed: arguments as JSON on the command line."""

import json
import sys
from types import SimpleNamespace

from airflow_provider_dysms.storage import checkpoints
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    checkpoints.MAX_QUERIES = given["questions"]
    operator = DysmsToObjectStorageOperator(task_id="audit", **given["arguments"])
    operator.execute({"ti": SimpleNamespace(task_id="audit", **given["instance"])})
