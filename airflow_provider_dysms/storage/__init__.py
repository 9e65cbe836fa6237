"""Writes the rows of a day as one file with a manifest, reads them again, and finds the files of a send log."""
