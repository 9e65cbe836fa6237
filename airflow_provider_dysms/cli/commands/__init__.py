"""The commands themselves, one per module: parsed arguments in, an exit code out."""
