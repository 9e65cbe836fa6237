"""The server of OSS and a connection to it."""

from support.oss.fixtures import oss, oss_server

__all__ = ["oss", "oss_server"]
