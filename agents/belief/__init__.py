"""Beliefs about teammates: who is hostile in this episode, from what an agent saw and did."""
