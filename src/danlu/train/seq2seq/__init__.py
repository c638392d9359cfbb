"""Models that turn a text into another: translation, summaries."""
