"""How much of an evaluation item stands in a text."""
