"""Signals: each a small function that says one thing about every candidate. Any module here that
registers one is found; nothing else has to be told of it.
"""
