"""Measurements, side by side in one run: ratios hold where absolute times do not."""
