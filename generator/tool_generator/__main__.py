"""`python -m tool_generator` is `toolgen`."""

from tool_generator.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main(prog_name="toolgen")
