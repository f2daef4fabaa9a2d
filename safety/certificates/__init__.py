"""What can be said of a learner or a policy from arrays of measurements, with how surely."""
