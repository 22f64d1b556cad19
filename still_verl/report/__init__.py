"""Run folders -> one self-contained HTML page."""
