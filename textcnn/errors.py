"""The exception that carries a message for users."""


class InputError(ValueError):
    """Input from the user that can't be used.

    The message has one line per problem: what is wrong, what was given, what is accepted and what
    to type instead. Entry points print it and exit with code 2.
    """
