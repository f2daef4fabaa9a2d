"""Teams whose members are not all their own: who is critical, and who gets on with strangers."""
