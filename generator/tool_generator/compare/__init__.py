"""Comparisons: a spec with an upstream document, and one registry with another.

    matcher.py           which operation of a document a tool stands for
    differ.py            what only one of two schemas admits, without judgement
    alternatives.py      which alternatives of two unions belong together
    exchange_differ.py   what only one of two requests or replies has
    rules.py             what a difference means: the table of what breaks
    drift.py             verdicts on tools against a document
    parity.py            completeness of a registry against a document
    registries.py        registries in files, folders and git revisions
    difference.py        the difference between two registries for callers
    phrases.py           words for changes
    compare_commands.py  the commands

This package sends nothing: it reads documents, registries and the git history on this machine.
"""
