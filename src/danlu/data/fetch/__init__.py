"""Fetch: documents from outside into a folder that is then an ordinary source."""
