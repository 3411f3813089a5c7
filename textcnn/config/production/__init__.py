"""The keys of the programs that export, serve and publish a model."""
