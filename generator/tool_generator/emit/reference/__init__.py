"""The reference in Markdown, made from a compiled registry. `emit_docs` is the one entry point."""

from tool_generator.emit.reference.reference_pages import emit_docs

__all__ = ["emit_docs"]
