"""Other people's quality networks in ONNX, one number for a face, run beside ours over the same faces."""
