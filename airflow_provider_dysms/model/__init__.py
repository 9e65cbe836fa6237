"""The words of the domain, without I/O: errors, days, ids, records, deliveries, privacy."""
