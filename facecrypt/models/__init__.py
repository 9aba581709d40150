"""The ONNX files, and how one is opened."""
