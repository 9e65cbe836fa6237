"""Verdicts that come from the receipts that vendors push, alone or before the service is asked."""
