"""A query of a page, in a process of its own that is killed at its bounds of time and memory."""
