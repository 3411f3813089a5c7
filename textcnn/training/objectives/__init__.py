"""What a training step computes before it updates: the loss, and what regularizes it."""
