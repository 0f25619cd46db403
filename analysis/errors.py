"""The one kind of error that is the user's to mend."""


class InputError(ValueError):
    """A mistake in what the user gave: one line that names the input and says what to do.

    Programs that run the study print the message alone and exit with code 2. Anything else that is raised is a
    bug, keeps its traceback and exits with code 1.
    """
