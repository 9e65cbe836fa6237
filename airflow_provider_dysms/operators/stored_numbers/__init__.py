"""The operators about numbers that an archive holds: which to stop, and which to forget."""
