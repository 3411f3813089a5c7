"""Texts changed on purpose: mistyped, written in another way, or in another order."""
