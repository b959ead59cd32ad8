"""What `dev.py` does, verb by verb; standard library only, since it runs before any install."""
