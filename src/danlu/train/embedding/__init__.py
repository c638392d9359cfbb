"""Models that find and order passages: embeddings and rerankers."""
