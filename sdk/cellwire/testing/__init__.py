"""Doors for tests: the pytest plugin, what runs inside a kernel, and the bridge to nbval."""
