"""Which modules' examples can run here: those of the leaves need what their extras bring."""

from importlib.util import find_spec

collect_ignore = []
if not find_spec("torch"):
    collect_ignore += [
        "facecrypt/learning",
        "facecrypt/training",
        "facecrypt/torch_runs.py",
        "facecrypt/integrations/torch_data.py",
    ]
# Each of these is named after the library that it needs.
collect_ignore += [
    f"facecrypt/integrations/{name}.py"
    for name in ("albumentations", "deepface", "torchvision")
    if not find_spec(name)
]
