"""Measure the cost of a record in each part, what more of it gives on this machine, and what a rate of posts takes."""
