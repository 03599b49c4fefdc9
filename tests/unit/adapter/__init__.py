"""Unit tests of the edge of pip: pip's own classes, a stand-in for every server, no network."""
