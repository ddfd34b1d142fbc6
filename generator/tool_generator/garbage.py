"""No search for garbage while a command runs that makes much, keeps nearly all of it, and ends."""

import gc

import click


def leave_garbage() -> None:
    """Search for no garbage until the click command that runs now has ended.

    Such a run makes some hundred thousand small objects. Searches for garbage among them would take a third of the
    time. The process may go on after the command, as a program or a test that calls the command does.
    """
    gc.disable()
    click.get_current_context().find_root().call_on_close(gc.enable)
