"""What threats to perception are made of: how far a lie may go, and how it is found."""
