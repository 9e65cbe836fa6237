"""Polling for thousands of waits on one event loop."""
