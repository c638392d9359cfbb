"""Redact: personal data, secrets and sensitive words, found and masked, replaced, or the document rejected."""
