"""A network of ours -> a file for ONNX Runtime or OpenVINO, and how far that file is from the network."""
