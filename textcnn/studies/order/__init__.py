"""How far apart two words may be while a network still knows their order."""
