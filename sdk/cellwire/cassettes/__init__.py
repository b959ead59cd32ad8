"""Recorded traffic: kept in vcrpy's file format, redacted while it is written, played offline."""
