"""The reference in Markdown, from a compiled registry: `emit_docs` is the whole of it."""

from tool_generator.docs.pages import emit_docs

__all__ = ["emit_docs"]
