"""Reading: situations, mood, wants, facts and fault of one message."""
