"""An anomaly head on a machine's measurements."""
