"""An Apache Airflow provider that tells what became of messages sent through Alibaba Cloud SMS (Dysms)."""

__version__ = "0.1.0"

#: A template string: the day before the end of a run's data interval, in Beijing, as ``YYYY-MM-DD``; counted from
#: ``run_after`` if a run has no data interval. It is arithmetic on the instant (Beijing is UTC+8 all year), so it
#: depends on no time zone database and on no version of pendulum.
YESTERDAY = (
    "{{ (macros.datetime(1970, 1, 1) + macros.timedelta(seconds=("
    "data_interval_end if data_interval_end is defined and data_interval_end else dag_run.run_after"
    ").timestamp() - 16 * 3600)).strftime('%Y-%m-%d') }}"
)
