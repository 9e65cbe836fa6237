"""A wait for each message that the run's ``conf`` names."""

from airflow.sdk import DAG, task

from airflow_provider_dysms.sensors.dysms import DysmsMessageSensor

with DAG("waits", schedule=None):

    @task
    def message_ids(dag_run=None):
        return dag_run.conf["message_ids"]

    DysmsMessageSensor.partial(task_id="wait", poke_interval=3, max_poke_interval=10, deferrable=True).expand(
        message_ids=message_ids()
    )
