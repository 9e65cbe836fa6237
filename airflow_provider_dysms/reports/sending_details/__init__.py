"""Pages of sending details: a page of found messages in, HTML out, in English or Chinese."""
