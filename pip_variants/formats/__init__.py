"""Text to metadata and back: one reader per revision, one writer."""
