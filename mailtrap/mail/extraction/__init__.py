"""What a person or a test wants out of a message: codes, preview text, how to unsubscribe, invitations."""
