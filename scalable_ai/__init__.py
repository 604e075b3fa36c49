"""Machinery of the course Designing Scalable AI Systems."""
