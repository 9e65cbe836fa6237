"""Search the data file of one day: Parquet with duckdb or pyarrow, CSV and JSON Lines row by row."""
