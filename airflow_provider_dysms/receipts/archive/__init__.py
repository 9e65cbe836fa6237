"""Reads archived requests: lines of files, their bodies, and the signature of a push."""
