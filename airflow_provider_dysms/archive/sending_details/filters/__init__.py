"""The filters of a search: their checks, their words, and the conditions that they put on a day."""
