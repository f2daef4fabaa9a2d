"""Policy gradients from several contributors, in plain NumPy: one update from each of them."""
