"""The Airflow that other tests rely on: what it runs, what its death of parts does, what can be found in it."""

import textwrap

from support.airflow.airflow_api import until
from support.airflow.running_airflow import RunningAirflow

DAGS = """
    import time
    from datetime import timedelta

    from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
    from airflow.sdk import DAG, BaseOperator, task

    class Later(BaseOperator):
        def execute(self, context):
            self.defer(trigger=TimeDeltaTrigger(timedelta(seconds=8)), method_name="resume")

        def resume(self, context, event):
            return "resumed"

    with DAG("waits", schedule=None):
        Later(task_id="later")

    with DAG("says", schedule=None):

        @task
        def say(number, dag_run=None):
            return {number: dag_run.conf["word"]}

        say.expand(number=["one", "two"])
"""


def test_a_run_gives_states_results_and_traces(airflow: RunningAirflow) -> None:
    (airflow.dags / "plain.py").write_text(textwrap.dedent(DAGS))
    word = "rhubarb" + "-" + "rhubarb"
    run = airflow.trigger("says", {"word": word})
    assert airflow.wait("says", run) == {("say", 0): "success", ("say", 1): "success"}
    assert airflow.xcom("says", run, "say", map_index=1) == {"two": word}
    found = {where for where, cell in airflow.everything_stored() if word.encode() in cell}
    assert found >= {"dag_run.conf", "xcom.value"}
    assert "task_id=say" in airflow.logs()


def test_a_wait_goes_on_in_another_triggerer_when_its_own_is_killed(airflow: RunningAirflow) -> None:
    (airflow.dags / "plain.py").write_text(textwrap.dedent(DAGS))
    run = airflow.trigger("waits")
    until(lambda: bool(airflow.tasks("waits", run)[0]["triggerer_job"]), 60, "a triggerer has the wait")
    airflow.kill("triggerer")
    airflow.start_triggerer()
    assert airflow.wait("waits", run) == {("later", -1): "success"}
    assert airflow.xcom("waits", run, "later") == "resumed"
