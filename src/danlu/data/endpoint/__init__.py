"""A model behind an address, as labelling and synthesis ask one: the client, the replies that were paid for, and their price."""
