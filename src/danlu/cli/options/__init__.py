"""The arguments of every command, one file for each group of them; light to import."""
