"""Bot: composes and runs; the only folder that knows everything."""
