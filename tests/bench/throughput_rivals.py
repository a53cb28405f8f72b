"""The part of throughput.py that needs Ultralytics: runs in an environment of its own, without streamseg.

throughput_rivals.py prepare FOLDER [WEIGHTS]         weights and their OpenVINO export into FOLDER; tells what they are
throughput_rivals.py predict FOLDER torch|openvino CLIP   predict(stream=True), nothing drawn or saved
"""

import importlib
import json
import sys
import types
from pathlib import Path

NAME = "yolo11n-seg"
SIZES = {"torch": 640, "openvino": (384, 640)}
"""What each is asked for; torch makes of 640 the smallest rectangle that holds the picture, 384x640 in 16:9."""


def without_torchvision() -> bool:
    """Where torchvision has no compiled operators for this torch, Ultralytics' own NMS takes their place."""
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError):
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        from ultralytics.utils.nms import TorchNMS

        stand_in = types.ModuleType("torchvision")
        stand_in.ops = types.SimpleNamespace(nms=TorchNMS.nms)
        sys.modules["torchvision"] = stand_in
        return True
    return False


def prepare(folder: str, weights: str = "") -> dict[str, object]:
    """Weights given, or made by chance from the network's plan; then the export."""
    stood_in = without_torchvision()
    import torch
    import ultralytics
    from ultralytics import YOLO

    torch.manual_seed(0)
    file = Path(folder) / f"{NAME}.pt"
    if weights:
        file.write_bytes(Path(weights).read_bytes())
    else:
        YOLO(f"{NAME}.yaml", task="segment").save(file)
    exported = YOLO(file, task="segment").export(format="openvino", imgsz=SIZES["openvino"])
    versions = {"ultralytics": ultralytics.__version__, "torch": torch.__version__}
    return {"exported": str(exported), "versions": versions, "stood_in": stood_in, "random": not weights}


def predict(folder: str, runner: str, clip: str) -> dict[str, object]:
    """Frames and objects; what is found is looked at no further."""
    without_torchvision()
    from ultralytics import YOLO

    file = Path(folder) / (f"{NAME}.pt" if runner == "torch" else f"{NAME}_openvino_model")
    frames = objects = 0
    for result in YOLO(file, task="segment").predict(clip, stream=True, imgsz=SIZES[runner], verbose=False):
        frames, objects = frames + 1, objects + len(result)
    return {"frames": frames, "objects": objects}


def main() -> None:
    """What the first argument says; the last line of the output is JSON."""
    command, *arguments = sys.argv[1:]
    print(json.dumps({"prepare": prepare, "predict": predict}[command](*arguments)))


if __name__ == "__main__":
    main()
