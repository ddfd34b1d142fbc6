"""The command `demo`: runs the demo of the registry, or prints the demo as a script."""

import click

from tool_runtime.surfaces.cli import output
from tool_runtime.surfaces.cli.session import Session


@click.command("demo")
@click.option("--script", is_flag=True, help="Print the demo as a Python script instead of running it.")
@click.pass_obj
def demo_command(session: Session, *, script: bool) -> None:
    """See the whole product in one run, on the sandbox: no key, no cost.

    With --json, every step's tool, arguments and result in one document.
    """
    from tool_runtime.surfaces.cli import demo, demo_view

    plan = demo.read_demo(session.registry)
    if script:
        text = demo_view.as_script(session, plan)
        session.give({"script": text}, lambda: output.write(text))
        return
    outcomes = demo.run_demo(session.registry, plan)
    if session.as_json:
        session.give(demo_view.as_document(session, plan, list(outcomes)), sandbox=True)
    else:
        session.given = True
        demo_view.show(session, plan, outcomes)
