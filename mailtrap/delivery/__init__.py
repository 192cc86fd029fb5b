"""What would have happened after the 250: routing, attempts, outcomes, notices to the sender, events to the app."""
