"""Numbers that should not be sent to any more, and numbers and prefixes that look like SMS pumping."""
