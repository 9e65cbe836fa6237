"""The Dysms API on this machine: a process of its own that tests and demonstrations talk to. See README.md beside."""

from airflow_provider_dysms.emulator.control import Emulator

__all__ = ["Emulator"]
