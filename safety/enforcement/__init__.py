"""How the frame keeps threats to their limits; a threat's author need not look in here."""
