"""An Apache Airflow provider that tells what became of messages sent through Alibaba Cloud SMS (Dysms)."""

__version__ = "0.1.0"

#: A template string: the Beijing day that a run is about, as ``YYYY-MM-DD``. If the run has a partition key, the key is
#: the day, and whatever takes the template refuses a key that is not a date. Else it is the day before the end of the
#: run's data interval, in Beijing; counted from ``run_after`` if a run has no data interval. It is arithmetic on the
#: instant (Beijing is UTC+8 all year), so it depends on no time zone database and on no version of pendulum.
YESTERDAY = (
    "{% if dag_run is defined and dag_run.partition_key is defined and dag_run.partition_key %}"
    "{{ dag_run.partition_key }}"
    "{% else %}"
    "{{ (macros.datetime(1970, 1, 1) + macros.timedelta(seconds=("
    "data_interval_end if data_interval_end is defined and data_interval_end else dag_run.run_after"
    ").timestamp() - 16 * 3600)).strftime('%Y-%m-%d') }}"
    "{% endif %}"
)
