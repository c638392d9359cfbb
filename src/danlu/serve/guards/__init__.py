"""What stands around every reply: what comes in is checked first, what goes out is checked as it leaves."""
