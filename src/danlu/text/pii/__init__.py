"""Personal data and secrets in text: where they stand and of what type they are."""
