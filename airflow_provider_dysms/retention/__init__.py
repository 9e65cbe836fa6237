"""Keeping and forgetting: removes partitions past their time, and the rows of people who are to be forgotten."""
