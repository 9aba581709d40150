"""Which modules' examples can run here: those of the leaves need what their extras bring."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["facecrypt/learning", "facecrypt/training"]
if not find_spec("deepface"):
    collect_ignore.append("facecrypt/integrations/deepface.py")
