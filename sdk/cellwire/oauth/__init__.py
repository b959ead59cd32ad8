"""OAuth 2.0: the words of the RFCs, the protocol without I/O, and the ways through a grant."""
