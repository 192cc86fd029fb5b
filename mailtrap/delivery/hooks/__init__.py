"""Who is told of events, and how each provider would have worded and signed it; pure."""
