"""The keys of programs that judge trained classifiers."""
