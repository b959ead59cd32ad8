"""What an author does with an integration beside calling it."""
