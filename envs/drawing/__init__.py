"""What worlds are drawn with: one look for all of them."""
