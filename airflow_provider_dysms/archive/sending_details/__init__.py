"""Finds messages in the archive by the filters that people know from a vendor's page of sending details."""
