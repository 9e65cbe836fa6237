"""The credentials that sign requests, their renewal, and the signatures."""
