"""The figures of audited days, added up and compared at equal age; only manifests are read, never rows."""
