"""Remote: artifacts to and from a team's DVC remote."""
