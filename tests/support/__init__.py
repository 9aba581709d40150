"""What several test files share: helpers, other readers, where things are."""
