"""What happens to the weights in a step: their groups, rates, gradients and averages."""
