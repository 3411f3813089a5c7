"""The one exception that is meant for users."""


class InputError(ValueError):
    """Something the user gave can't be used.

    `str(error)` is what they see: what is wrong, what was got, what is allowed and how to mend it,
    in one line for each problem. Entry points print it and exit with code 2.
    """
