"""Which days have been audited, and how far: from one listing of the manifests, without reading any rows."""
