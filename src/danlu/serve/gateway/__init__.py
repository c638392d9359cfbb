"""The gateway as an application and as a process."""
