"""Deduplicate: exact and near duplicates, and lines and paragraphs that repeat from document to document."""
