"""Webhooks: received on raw bytes, verified, handled, captured and replayed."""
