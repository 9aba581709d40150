"""The format: header, ciphers, one picture, one file, carriers."""
