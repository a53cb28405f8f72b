"""Annotated streams out while they run: the video sink's encoded pictures to servers, files and browsers.

    video sink --Tap (PUB)--> broadcast-0: Push (a pusher process for each URL), HlsFolder
    video sink --Tap (PUB)--> web-0: viewers in browsers

Nothing here can hold up or fail the sink: what is not taken in time is lost, and who lost some goes on with the next
key picture.
"""
