"""A camera for tests, with faults by plan: an RTSP server or an MJPEG camera that freezes, drops, lies and comes back.

`streamseg camera` runs it from the command line; `streamseg.camera.camera.Camera` from Python. What runs under the
system's own Python (see `child`) imports nothing but the standard library and GStreamer, this file included.
"""
