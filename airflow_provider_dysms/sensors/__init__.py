"""Sensors that wait until messages have arrived, and the functions that run behind them."""
