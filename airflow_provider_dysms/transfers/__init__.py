"""The transfer that audits a day, and the functions that run behind it."""
