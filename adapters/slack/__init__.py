"""Slack: the team's channel is told of what gets hot, and can act there."""
