"""Lines for the tests and measurements of language detection."""
