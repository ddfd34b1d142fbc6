"""Ways to reach the tools."""
