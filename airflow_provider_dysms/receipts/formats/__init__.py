"""Parses the bodies of pushed requests, in every format of the vendors."""
