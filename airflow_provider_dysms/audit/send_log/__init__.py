"""How the files of a send log are read: their kind, encoding, delimiter and times."""
