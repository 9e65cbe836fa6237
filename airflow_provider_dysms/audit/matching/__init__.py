"""Which queries an audit makes, and which record belongs to which line."""
