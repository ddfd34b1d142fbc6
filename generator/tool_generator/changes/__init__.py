"""Comparing: a spec with an upstream document, and one registry with another.

    views.py         what a schema admits, laid open
    alternatives.py  which alternative of a union answers to which
    compare.py       the differences between two schemas, without judgement
    exchanges.py     requests and replies of tools and of upstream's operations, seen alike
    rules.py         what a difference means: the table of what breaks
    drift.py         verdicts on tools against a document
    parity.py        completeness of a registry against a document
    registries.py    registries in files, folders and git revisions
    difference.py    two registries, as callers feel it
    phrases.py       words for changes
    versions.py      semantic versions and what changes ask of them
    changelog.py     CHANGELOG.md
    release.py       version, changelog and output in one step
    compare_commands.py  the commands

Needs nothing that is sent anywhere: documents, registries and git's history are read where they lie.
"""
