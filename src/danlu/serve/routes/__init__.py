"""What a model's name leads to: the bot, an engine, an outside provider, a prompt template, a chain of others."""
