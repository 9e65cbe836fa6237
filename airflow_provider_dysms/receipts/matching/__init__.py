"""Finds the receipts of each message, and merges them."""
