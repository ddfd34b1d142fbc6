"""Comparisons: a spec with an upstream document, and one registry with another.

    views.py         what a schema admits, as a list of alternatives
    alternatives.py  which alternatives of two unions belong together
    compare.py       the differences between two schemas, without judgement
    exchanges.py     requests and replies of tools and of upstream operations, in one form
    rules.py         what a difference means: the table of what breaks
    drift.py         verdicts on tools against a document
    parity.py        completeness of a registry against a document
    registries.py    registries in files, folders and git revisions
    difference.py    the difference between two registries for callers
    phrases.py       words for changes
    versions.py      semantic versions, and the next version that changes ask for
    changelog.py     CHANGELOG.md
    release.py       version, changelog and output in one step
    compare_commands.py  the commands

This package sends nothing: it reads documents, registries and the git history on this machine.
"""
