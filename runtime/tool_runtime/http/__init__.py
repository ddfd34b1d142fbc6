"""The seam to httpx."""
