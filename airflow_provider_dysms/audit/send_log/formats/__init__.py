"""Reads CSV, JSON Lines, Parquet and text in bounded memory."""
