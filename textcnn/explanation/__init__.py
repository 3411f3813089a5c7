"""Why a classifier decides as it does: what each n-gram of a text adds to each class."""
