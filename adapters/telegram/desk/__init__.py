"""The team's desk on Telegram: a group with a topic per buyer and a card per turn, or a private chat."""
