"""From typed configuration to objects, for the recipes of the entry points.

Here configuration stops: everything that is built takes plain keyword arguments.
"""
