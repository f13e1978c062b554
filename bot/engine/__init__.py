"""Engine: who works on which lane when."""
