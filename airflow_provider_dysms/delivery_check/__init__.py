"""Judges the figures of a day: against limits, and against the same weekdays of the weeks before, at equal age."""
