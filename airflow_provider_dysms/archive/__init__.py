"""Reads what was audited: messages and figures of many days, from their partitions and manifests."""
