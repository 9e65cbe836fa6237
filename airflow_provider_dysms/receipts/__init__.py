"""Reads the status reports that vendors push, and joins them to the lines of a send log."""
