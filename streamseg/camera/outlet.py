"""Where pictures enter one media pipeline of the RTSP server, and where packets leave it."""

import math
import time
from typing import Any

from gi.repository import Gst

from streamseg.camera.clip import Clip
from streamseg.camera.condition import Condition
from streamseg.camera.feed import Feed
from streamseg.camera.packets import PacketFaults, shift_report

PAYLOADERS = {
    "h264": "rtph264pay pt=96 config-interval=-1",
    "h265": "rtph265pay pt=96 config-interval=-1",
    "mjpeg": "rtpjpegpay pt=26",
}
"""GStreamer's RTP payloader of each codec; parameter sets go out with every key frame."""
_CAPS = {
    "h264": "video/x-h264,stream-format=byte-stream,alignment=au",
    "h265": "video/x-h265,stream-format=byte-stream,alignment=au",
    "mjpeg": "image/jpeg,framerate=0/1",
}
_QUEUE_BYTES = 16_000_000
_REPORT_NS = 1_000_000_000


class Outlet:
    """Feeds one media pipeline. Each client has its own: a shared one cannot be had while its last client leaves.

    Args:
        media: the GstRTSPMedia, not yet prepared.
        clip: what to send.
        condition: in what condition the camera is.
        seed: of chance in faults.
    """

    def __init__(self, media: Any, clip: Clip, condition: Condition, *, seed: int) -> None:
        self.codec = clip.format.codec
        self._epoch_s = time.monotonic()
        self._end_s = math.inf
        self._feed = Feed(clip, condition, 0.0)
        self._packets = PacketFaults(condition, seed=seed)
        self._zero_s: float | None = None
        self._ended = False
        self._source = media.get_element().get_by_name("source")
        for name, value in {"is-live": True, "format": Gst.Format.TIME, "max-bytes": _QUEUE_BYTES}.items():
            self._source.set_property(name, value)
        self._source.set_property("caps", _caps(clip))
        payloader = media.get_element().get_by_name("pay0")
        kinds = Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST
        payloader.get_static_pad("src").add_probe(kinds, self._on_packets)
        media.connect("prepared", self._on_prepared)

    def join(self, epoch_s: float) -> None:
        """Send what everybody sees; epoch_s: the camera's start on the monotonic clock."""
        self._feed.reset(self._epoch_s - epoch_s)
        self._epoch_s = epoch_s

    def play(self, seconds: float) -> None:
        """Send the loop from its beginning, and end after so long."""
        self._feed.reset(-1e-9)
        self._end_s = seconds

    def change(self, condition: Condition, clip: Clip | None) -> None:
        """From now on in this condition; None: with the clip that it has."""
        self._packets.condition = condition
        self._feed.change(condition, clip)

    def push(self, now_s: float) -> None:
        """Send what is due."""
        # before that its clock may be there already, but not the time from which it counts
        if self._ended or self._source.get_state(0).state != Gst.State.PLAYING:
            return
        running_ns = self._source.get_current_running_time()
        for unit in self._feed.due(now_s - self._epoch_s):
            if self._zero_s is None:
                self._zero_s = unit.time_s - running_ns / 1e9
            if unit.time_s >= self._end_s - 1e-6:
                self._ended = True
                self._source.emit("end-of-stream")
                return
            buffer = Gst.Buffer.new_wrapped(unit.data)
            buffer.pts = max(0, round((unit.time_s - self._zero_s) * 1e9))
            self._source.emit("push-buffer", buffer)

    def _on_prepared(self, media: Any) -> None:
        session = media.get_stream(0).get_rtpsession()
        if session is not None:
            session.set_property("rtcp-min-interval", _REPORT_NS)
        pipeline = media.get_element().get_parent()
        bins = [e for e in pipeline.children if e.get_factory() and e.get_factory().get_name() == "rtpbin"]
        reports = bins[0].get_static_pad("send_rtcp_src_0") if bins else None
        if reports is not None:
            reports.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, self._on_report)

    def _on_packets(self, pad: Any, info: Any) -> Any:
        if not self._packets.any:
            return Gst.PadProbeReturn.OK
        for buffer in _buffers(info):
            for packet in self._packets.sent(buffer.extract_dup(0, buffer.get_size())):
                _pass_on(pad, packet, buffer)
        return Gst.PadProbeReturn.DROP

    def _on_report(self, pad: Any, info: Any) -> Any:
        condition = self._packets.condition
        if condition.frozen or condition.stalled:
            return Gst.PadProbeReturn.DROP
        if not condition.ntp_s:
            return Gst.PadProbeReturn.OK
        for buffer in _buffers(info):
            _pass_on(pad, shift_report(buffer.extract_dup(0, buffer.get_size()), condition.ntp_s), buffer)
        return Gst.PadProbeReturn.DROP


def _caps(clip: Clip) -> Any:
    caps = _CAPS[clip.format.codec]
    if clip.format.codec == "mjpeg":
        caps += f",width={clip.format.width},height={clip.format.height}"
    return Gst.Caps.from_string(caps)


def _buffers(info: Any) -> list[Any]:
    if info.type & Gst.PadProbeType.BUFFER_LIST:
        listed = info.get_buffer_list()
        return [listed.get(index) for index in range(listed.length())]
    return [info.get_buffer()]


def _pass_on(pad: Any, content: bytes, like: Any) -> None:
    """Hand a changed buffer to the next element; one in a probe cannot be written to."""
    buffer = Gst.Buffer.new_wrapped(content)
    buffer.pts, buffer.dts = like.pts, like.dts
    pad.get_peer().chain(buffer)
