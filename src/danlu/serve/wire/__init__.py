"""What goes over the wire: requests read and replies written in the shapes of the OpenAI API."""
