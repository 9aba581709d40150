"""Many files: inputs, boxes, pool, resume, summary; schemes on files."""
