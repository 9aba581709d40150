"""Training the networks of MTCNN: from WIDER FACE to samples, networks and ONNX files.

Start with :func:`facecrypt.training.wider.convert_annotations` and
:func:`facecrypt.training.prepare.prepare`. Nothing else in facecrypt imports this package.
"""
