"""Phone numbers: the value, its spellings, and the numbers of other countries."""
