"""Machinery of the course Designing Scalable AI Systems."""

import sys

if "IPython" in sys.modules:
    from scalable_ai.blanks import explain_blanks

    explain_blanks()
