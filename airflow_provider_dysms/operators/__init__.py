"""Operators that query, send and verify, and the functions that run behind them."""
