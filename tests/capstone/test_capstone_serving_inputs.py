"""Pictures and JSON from outside: right ones become pixels, wrong ones a sentence."""

import io
import json
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from running_server import picture

from scalable_ai.capstone.serving import pictures
from scalable_ai.capstone.serving.pictures import PictureError, decode
from scalable_ai.capstone.serving.tensors import TensorError, answer, parse


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_an_image_of_the_right_size_is_taken_pixel_for_pixel():
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    np.testing.assert_array_equal(decode(saved(Image.fromarray(pixels))) * 255, pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("size", [(1, 1), (32, 32), (500, 31), (700, 900)])
def test_every_format_and_size_becomes_pixels(kind, size):
    image = decode(saved(Image.new("RGB", size, (255, 0, 0)), kind))
    assert image.shape == (3, 32, 32)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image.mean((1, 2)), [1, 0, 0], atol=0.02)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("L", (40, 40), 51), (0.2, 0.2, 0.2)),
        (Image.new("I;16", (40, 40), 13107), (0.2, 0.2, 0.2)),
        (Image.new("1", (40, 40), 1), (1, 1, 1)),
        (Image.new("RGBA", (40, 40), (0, 0, 0, 0)), (1, 1, 1)),
        (Image.new("LA", (40, 40), (0, 51)), (0.8, 0.8, 0.8)),
        (Image.new("RGB", (40, 40), (255, 0, 0)).convert("P"), (1, 0, 0)),
    ],
    ids=["gray", "gray16", "bilevel", "transparent", "gray-alpha", "palette"],
)
def test_every_mode_becomes_rgb_on_white(image, expected):
    np.testing.assert_allclose(decode(saved(image)).mean((1, 2)), expected, atol=0.01)


def test_cmyk_jpeg_becomes_rgb():
    image = decode(saved(Image.new("CMYK", (64, 64), (0, 255, 255, 0)), "JPEG"))
    np.testing.assert_allclose(image.mean((1, 2)), [1, 0, 0], atol=0.03)


def test_exif_orientation_is_followed():
    image = Image.new("RGB", (32, 32))
    image.paste((255, 255, 255), (0, 0, 32, 16))  # white above
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise, so that white is on the right
    turned = decode(saved(image, "JPEG", exif=exif, quality=95))
    assert turned[:, :, 20:].mean() > 0.95
    assert turned[:, :, :12].mean() < 0.05


def test_the_first_frame_of_an_animation_counts():
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    image = decode(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    np.testing.assert_allclose(image.mean((1, 2)), [1, 0, 0], atol=0.01)


def test_the_centre_square_is_kept():
    image = Image.new("RGB", (96, 32), "red")
    image.paste((0, 255, 0), (32, 0, 64, 32))
    np.testing.assert_allclose(decode(saved(image)).mean((1, 2)), [0, 1, 0], atol=0.01)


def bomb(side):
    """Return a PNG file whose header promises side x side pixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


@pytest.mark.parametrize("side", [7_000, 50_000])
def test_decompression_bombs_are_refused_before_decoding(side, monkeypatch):
    monkeypatch.setattr(pictures, "_rgb", lambda image: pytest.fail("it was decoded"))
    with pytest.raises(PictureError, match="more than 40,000,000"):
        decode(bomb(side))


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture", picture()[:200], picture(kind="JPEG", size=(300, 300))[:3000], b"%PDF-1.4", b"<svg/>"],
)
def test_broken_files_get_a_sentence(content):
    with pytest.raises(PictureError, match=r"[.?]$"):
        decode(content)


def test_formats_that_are_not_named_are_not_tried():
    with pytest.raises(PictureError, match="known format"):
        decode(saved(Image.new("RGB", (32, 32)), "PPM"))


@given(st.data())
def test_damaged_files_never_raise_anything_else(data):
    content = bytearray(data.draw(st.sampled_from([picture(kind=kind) for kind in ("PNG", "JPEG", "WEBP", "GIF")])))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        image = decode(bytes(content))
    except PictureError:
        return
    assert image.shape == (3, 32, 32)
    assert 0 <= image.min() <= image.max() <= 1


ZEROS = np.zeros((2, 3, 32, 32)).tolist()


@pytest.mark.parametrize(
    ("request_", "rows"),
    [
        ({"instances": ZEROS}, True),
        ({"instances": [{"images": one} for one in ZEROS], "signature_name": "serving_default"}, True),
        ({"inputs": ZEROS}, False),
        ({"inputs": {"images": ZEROS}}, False),
    ],
)
def test_both_formats_are_read(request_, rows):
    images, by_row = parse(json.dumps(request_).encode(), 10)
    assert images.shape == (2, 3, 32, 32)
    assert images.dtype == np.float32
    assert by_row is rows


def one_pixel(text):
    return json.dumps({"instances": ZEROS}).replace("0.0", text, 1).encode()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "empty"),
        (b"{", "no valid JSON"),
        (b"\xff\xfe", "UTF-8"),
        (b"[" * 100_000, "too deeply"),
        (b"[]", "JSON object"),
        (b"{}", 'either "instances"'),
        (b'{"instances": [], "inputs": []}', 'either "instances"'),
        (b'{"instances": []}', "at least one"),
        (b'{"instances": 3}', "at least one"),
        (b'{"instances": [[1, 2], [3]]}', "regular array"),
        (b'{"instances": [{"pixels": 1}]}', "names pixels"),
        (b'{"inputs": {"images": 1}}', "at least one"),
        (b'{"instances": [1], "signature_name": ["x"]}', "signature_name"),
        (json.dumps({"instances": np.zeros((1, 32, 32, 3)).tolist()}).encode(), r"shape \[1, 32, 32, 3\]"),
        (json.dumps({"instances": ZEROS * 6}).encode(), "at most 10"),
        (one_pixel("NaN"), "from nan to nan; expected"),
        (one_pixel("-Infinity"), "from -inf to 0"),
        (one_pixel("1e999"), "from 0 to inf"),
        (one_pixel("255"), "from 0 to 255"),
        (one_pixel('"1"'), "other than numbers"),
        (one_pixel("null"), "other than numbers"),
        (one_pixel("{}"), "other than numbers"),
        (one_pixel("9" * 4000), "other than numbers"),
        (one_pixel("9" * 5000), "no valid JSON"),
        (one_pixel("[0.0]"), "regular array"),
    ],
)
def test_wrong_requests_get_a_sentence(body, sentence):
    with pytest.raises(TensorError, match=sentence):
        parse(body, 10)


def test_answers_keep_the_format_and_probabilities_sum_to_one():
    logits = np.array([[1000.0, 0.0], [0.0, 0.0]], np.float32)
    assert answer(logits, rows=True)["predictions"][0] == {"logits": [1000, 0], "probabilities": [1, 0]}
    assert answer(logits, rows=False)["outputs"]["probabilities"] == [[1, 0], [0.5, 0.5]]
