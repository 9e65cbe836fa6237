"""The delivery report: figures of audited days in, one HTML page out, with charts, in English or Chinese."""
