"""Split: training, validation and test documents, so that nothing leaks from one into another."""
