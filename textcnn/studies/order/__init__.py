"""How far apart two words may be for a network to know which comes first."""
