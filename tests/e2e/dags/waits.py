"""As many waits as the run's ``conf`` has stories: seconds until the end, and whether it is a good one."""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk import DAG, BaseOperator, task


class Wait(BaseOperator):
    def __init__(self, *, story: dict[str, Any], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.story = story

    def execute(self, context: Any) -> None:
        self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=self.story["seconds"])), method_name="end")

    def end(self, context: Any, event: Any) -> bool:
        if not self.story["good"]:
            raise RuntimeError("a bad end, as told")
        return True


with DAG("waits", schedule=None, max_active_tasks=1_000):

    @task
    def stories(dag_run: Any = None) -> list[dict[str, Any]]:
        return list(dag_run.conf["stories"])

    Wait.partial(task_id="wait").expand(story=stories())
