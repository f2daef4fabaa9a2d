"""What interruptions are made of: where they may begin, how likely they are, what is done then."""
