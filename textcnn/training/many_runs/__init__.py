"""Runs that consist of runs: folds, members of an ensemble, teachers of a student."""
