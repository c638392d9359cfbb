"""What is measured, traced, logged and proved of the gateway's work."""
