"""A weight file as an OpenVINO model (.xml and .bin), with its card in the run-time information."""

from pathlib import Path

from streamseg.errors import SinkError
from streamseg.inference.card import FORMAT_KEY, Card
from streamseg.inference.ir_cache import read_or_convert, save_model
from streamseg.inference.ports import input_shapes, output_names
from streamseg.records import Sample


def write_openvino(weights: Path, digest: str, card: Card, out: Path, *, calibration: list[Sample]) -> None:
    """Write the network of a weight file for views of the card's size, any batch; calibration: views, for int8 only.

    Raises:
        ConfigError: int8 without NNCF.
        SinkError: out cannot be written.
    """
    model = read_or_convert(weights, digest, card.view_hw)
    if card.precision == "int8":
        from streamseg.export.int8 import quantize

        model = quantize(model, calibration, motion=card.motion)
    names = [*input_shapes(card.view_hw, motion=card.motion), *output_names(appearance=card.appearance)]
    for port, name in zip([*model.inputs, *model.outputs], names, strict=True):
        port.get_tensor().set_names({name})
    for key, value in card.entries().items():
        model.set_rt_info(value, [FORMAT_KEY, key])
    try:
        save_model(model, out, half=card.precision != "fp32")
    except OSError as error:
        raise SinkError(f"{out}: cannot be written ({error.strerror})") from error
