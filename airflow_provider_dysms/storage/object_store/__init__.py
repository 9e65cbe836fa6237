"""Local folders and object stores: paths, atomic writes, errors, timeouts."""
