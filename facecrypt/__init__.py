"""Find faces in pictures, encrypt exactly those pixels, give them back to whoever holds a key."""
