"""The operators that tell how days were delivered: the report, and the check that fails a DAG."""
