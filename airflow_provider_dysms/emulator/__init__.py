"""An emulator of the Dysms API, for tests and demonstrations. README.md in this folder describes it."""

from airflow_provider_dysms.emulator.control import Emulator

__all__ = ["Emulator"]
