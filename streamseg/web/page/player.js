/** Live video: MediaSource fed by a WebSocket, so that nothing waits in the browser; MJPEG where it cannot. */

import { ofStream, url } from "./api.js";
import { h } from "./dom.js";

/** Further behind the newest picture than this, the player jumps; a little, and it only plays faster. */
const LATE_S = 0.8;
const SLACK_S = 0.25;
const BACK_S = 0.15;
/** Old pictures are let go: a browser's buffer is finite. */
const KEPT_S = 20;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

/**
 * Show a stream in host until signal is aborted. It connects again whenever it is cut off. host's data-video says
 * `connecting`, `playing`, `mjpeg` or `away`.
 */
export function play(host, name, signal) {
  let wait = FIRST_WAIT_MS;
  let retry = 0;
  const again = () => {
    if (signal.aborted) return;
    host.dataset.video = "away";
    retry = setTimeout(begin, wait * (0.75 + Math.random() / 2));
    wait = Math.min(LONGEST_WAIT_MS, wait * 2);
  };
  const shown = (how) => {
    host.dataset.video = how;
    wait = FIRST_WAIT_MS;
  };
  const begin = () => {
    const show = window.MediaSource ? overSocket : asJpegs;
    show(host, name, { signal, shown, again });
  };
  signal.addEventListener("abort", () => {
    clearTimeout(retry);
    host.replaceChildren();
  });
  host.dataset.video = "connecting";
  begin();
}

/** One connection: its pictures take the place of the last one's once there is one to show. */
function overSocket(host, name, { signal, shown, again }) {
  const video = h("video", {
    muted: true,
    autoplay: true,
    playsinline: true,
    disablepictureinpicture: true,
    tabindex: -1,
  });
  const media = new MediaSource();
  const socket = new WebSocket(socketAddress(name));
  const end = () => {
    socket.onmessage = socket.onclose = null;
    socket.close();
    URL.revokeObjectURL(video.src);
  };
  const over = () => {
    end();
    if (host.firstChild !== video) video.remove(); // the last picture of the connection before is better than none
    again();
  };
  const feed = feeding(video, media, over, () => {
    end();
    video.remove();
    asJpegs(host, name, { signal, shown, again });
  });
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => feed(data);
  socket.onclose = over;
  signal.addEventListener("abort", end, { once: true });
  video.addEventListener("loadeddata", () => {
    for (const old of [...host.children]) if (old !== video) old.remove();
    shown("playing");
  });
  video.addEventListener("pause", () => signal.aborted || video.play().catch(() => {})); // energy savers pause what is not seen
  video.src = URL.createObjectURL(media);
  host.append(video);
}

/** What takes a socket's messages; cut: the player gave up; unknown: it cannot play this codec. */
function feeding(video, media, cut, unknown) {
  const queue = [];
  let buffer = null;
  let mime = "";
  const next = () => {
    if (!buffer || buffer.updating || media.readyState !== "open") return;
    if (keepUp(video, buffer)) return;
    if (!queue.length) return;
    const part = queue.shift();
    try {
      if (typeof part === "string") (buffer.changeType(part), next());
      else buffer.appendBuffer(part);
    } catch {
      cut();
    }
  };
  const open = () => {
    if (buffer || !mime || media.readyState !== "open") return;
    if (!MediaSource.isTypeSupported(mime)) {
      unknown();
      return;
    }
    buffer = media.addSourceBuffer(mime);
    buffer.onupdateend = next;
    buffer.onerror = cut;
  };
  media.addEventListener("sourceopen", () => {
    open();
    next();
  });
  video.addEventListener("error", cut);
  return (data) => {
    if (typeof data !== "string") queue.push(data);
    else if (!mime) mime = JSON.parse(data).mime;
    else queue.push(JSON.parse(data).mime); // the pictures change their size: in turn with what came before
    open();
    next();
  };
}

/** Stay with what is new. True where it has the buffer let go of old pictures, which must end first. */
function keepUp(video, buffer) {
  const ranges = video.buffered;
  if (!ranges.length) return false;
  const end = ranges.end(ranges.length - 1);
  const behind = end - video.currentTime;
  if (behind > LATE_S || video.currentTime < ranges.start(ranges.length - 1)) {
    video.currentTime = Math.max(ranges.start(ranges.length - 1), end - BACK_S);
  } else video.playbackRate = behind > SLACK_S ? 1.1 : 1;
  if (video.currentTime - ranges.start(0) < KEPT_S) return false;
  buffer.remove(0, video.currentTime - KEPT_S / 2);
  return true;
}

function asJpegs(host, name, { signal, shown, again }) {
  const picture = h("img", { alt: "", src: `${url(ofStream(name, "live.mjpg"))}?at=${Date.now()}` });
  picture.addEventListener("load", () => shown("mjpeg"));
  picture.addEventListener("error", again);
  signal.addEventListener("abort", () => picture.removeAttribute("src"), { once: true }); // or it is loaded for ever
  host.replaceChildren(picture);
}

function socketAddress(name) {
  const to = new URL(url(ofStream(name, "ws")), location.href);
  to.protocol = to.protocol.replace("http", "ws");
  return to.href;
}
