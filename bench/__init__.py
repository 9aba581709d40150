"""Speed, measured against named peers: ``python -m bench``; see README.md here."""
