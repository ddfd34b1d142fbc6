from mcp_service import era, own_folders

__all__ = ["era", "own_folders"]
