"""Every key that a user can set: type, default, limits, unit and meaning.

The dataclasses here are Hydra's schemas, and `--help` prints their meanings. They are for:

- the entry points, whose keys they are;
- the recipes that the entry points run (`training/recipe.py` with `parts.py`,
  `training/many_runs/cross_validation.py`, `members.py`, `students.py`, `many_runs.py`, `runs.py`,
  `evaluation/report.py`, `studies/tour/`), and `estimator.py`;
- `builders.py`, which turns them into objects with plain keyword arguments;
- `inference/loading.py`, which reads the configuration stored in a checkpoint.

Everything else takes plain keyword arguments: tests/test_architecture.py has the list.
"""
