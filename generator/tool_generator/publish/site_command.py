"""`toolgen site`: arguments in, a folder with a site out. Exit codes are those of `toolgen`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from tool_generator.generate import Compiled

WORK = Path("build", "docs")


def register(group: click.Group, spec_folder: Callable[[Path | None], Path], compiled: Callable[[Path], Any]) -> None:
    """Add the command to a group; the callables are those of the other commands."""

    @group.command()
    @click.option(
        "--spec",
        "spec",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="The folder of the spec. Default: the only folder in spec/.",
    )
    @click.option(
        "--out",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path("site"),
        show_default=True,
        help="The site.",
    )
    @click.option(
        "--work",
        type=click.Path(file_okay=False, path_type=Path),
        default=WORK,
        show_default=True,
        help="The folder of the sources, which is written anew.",
    )
    @click.option("--url", default="", envvar="SITE_URL", help="Where the site will stand. Default: $SITE_URL.")
    @click.option(
        "--explorer/--no-explorer", default=True, help="The page that shows openapi.json; npm fetches its viewer."
    )
    @click.option("--serve", is_flag=True, help="Show the site on this machine when it is built, until Ctrl-C.")
    @click.option(
        "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="For --serve; 0: a free one."
    )
    def site(spec: Path | None, out: Path, work: Path, url: str, port: int, *, explorer: bool, serve: bool) -> None:
        """Build the docs site of a spec, from the README, the guides, the reference and the changelog."""
        found: Compiled = compiled(spec_folder(spec))
        from tool_generator.problems import SpecProblems
        from tool_generator.publish.site_builder import BuildFailed, build_site
        from tool_generator.publish.viewer import ViewerUnavailable

        try:
            count = build_site(found, Path(), work, out, url=url, explorer=explorer)
        except SpecProblems as error:
            for problem in error.problems:
                click.echo(str(problem), err=True)
            raise SystemExit(1) from None
        except (BuildFailed, ViewerUnavailable, OSError) as error:
            raise click.ClickException(str(error)) from error
        click.echo(f"{out}: {count} pages")
        if serve:
            _serve(out, port)


def _serve(out: Path, port: int) -> None:
    from contextlib import suppress

    from tool_generator.publish.local_server import site_server

    try:
        server = site_server(out, port)
    except OSError as error:
        message = f"port {port} cannot be used ({error.strerror}); choose another one with --port"
        raise click.ClickException(message) from error
    with server, suppress(KeyboardInterrupt):
        click.echo(f"http://127.0.0.1:{server.server_port}/")
        server.serve_forever()


def write_site_sources(compiled: Compiled, folder: Path) -> str:
    """Write the sources of the site into a folder, and return the line that says so."""
    import os

    from tool_generator.publish.source_folder import project_texts, write_sources

    project = project_texts(Path(), compiled, os.environ.get("SITE_URL", ""), explorer=True)
    return f"{folder}: {write_sources(compiled, project, folder)} files of the docs site"
