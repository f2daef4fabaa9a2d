"""How rounds are run: protocols that decide, and those who deliver what they say."""
