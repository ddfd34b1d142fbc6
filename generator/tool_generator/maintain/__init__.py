"""Help for those who maintain a spec by hand: skeletons of tools, facts of documents, the strict checks' open ends."""
