"""Rows that are known before the service is asked: of the partition, and of an earlier attempt of the same task."""
