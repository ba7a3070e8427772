"""Faults x moments: a target is killed, cut off or refused at a moment, its feed is resumed, the rows are compared.

`make faults` runs the long form on both stand-ins and writes docs/faults.md; tests/load/test_faults.py and
tests/load/test_at_once.py run the short one.
"""
