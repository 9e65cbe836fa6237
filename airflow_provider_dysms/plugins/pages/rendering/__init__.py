"""HTML in the language of the visitor."""
