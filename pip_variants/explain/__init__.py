"""Values into words: messages, explanations as tables and as JSON, suggestions."""
