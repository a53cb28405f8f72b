"""What this machine does with a clip: how fast it decodes, how fast the job goes, where a frame's time goes."""
