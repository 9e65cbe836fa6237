"""The form of a page: its fields, and what may stand in an address."""
