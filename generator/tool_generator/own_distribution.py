"""What to install to get this generator: the name of the distribution that brought the package.

An installation in place (`pip install -e`) owns no file of the package, so the owner is the distribution that declares
a command of the package. This module must not know why somebody asks.
"""

from importlib.metadata import entry_points

PACKAGE = "tool_generator"


def own_distribution() -> str:
    """Return the name of the installed distribution of this package; where none is installed, that of the package."""
    for point in entry_points(group="console_scripts"):
        if point.module.partition(".")[0] == PACKAGE and point.dist is not None:
            return point.dist.name
    return PACKAGE
