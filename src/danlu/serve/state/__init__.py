"""What the gateway remembers in SQLite: one writer, batches, a clock that does not jump."""
