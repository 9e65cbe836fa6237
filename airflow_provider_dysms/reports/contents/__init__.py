"""The contents of the delivery report: what each of its sections shows, as values without words or layout."""
