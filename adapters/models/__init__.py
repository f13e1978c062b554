"""Models: what may be asked about a message's meaning beside the cues, by choice of the shop."""
