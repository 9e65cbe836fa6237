"""The events of a task's assets: what they say about the day that the task has written or checked."""
