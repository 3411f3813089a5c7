"""The keys of the programs that take a model out of the house."""
