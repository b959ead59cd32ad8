"""Real services on loopback, and a scripted person who signs in to them; standard library only."""
