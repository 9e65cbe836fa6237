"""Rows become one file and its manifest: encoders, layout, atomic commit; and the files of a send log are found."""
