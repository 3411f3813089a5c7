"""Several networks: cross-validation, ensembles, teachers and their students."""
