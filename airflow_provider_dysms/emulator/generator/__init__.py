"""Generates the messages of a day, and the send log that belongs to them."""
