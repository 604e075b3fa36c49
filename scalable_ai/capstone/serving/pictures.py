"""Pictures from outside, decoded with care: from a file's bytes to the 32 by 32 pixels that the network takes."""

import io
import warnings

import numpy as np
from PIL import Image, ImageOps

MAX_PIXELS = 40_000_000
SIDE = 32
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
# Scaled decoding of large JPEG files, down to no less than this side.
DRAFT_SIDE = 8 * SIDE

CONVENTION = (
    "A picture is turned as its EXIF data say, put on white where it is transparent, brought to RGB, "
    f"cropped to its centre square and resized to {SIDE} by {SIDE} (Lanczos); of an animation the first frame counts."
)


class PictureError(ValueError):
    """A file that is no usable picture, told in one sentence."""


def decode(content: bytes) -> np.ndarray:
    """Return a picture as float32 [3, 32, 32], pixels from 0 to 1.

    Raises:
        PictureError: The bytes are no complete picture of a known format, or it has too many pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit, below, is the stricter one
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                return _prepare(image)
    except PictureError:
        raise
    except Image.UnidentifiedImageError:
        raise PictureError(f"This is no picture in a known format; send one of {', '.join(FORMATS)}.") from None
    except Image.DecompressionBombError:
        raise PictureError(f"The picture has more than {MAX_PIXELS:,} pixels; send a smaller one.") from None
    except Exception as error:  # Pillow's decoders raise nearly any kind of error for damaged files
        kind = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PictureError(f"The picture cannot be decoded ({kind[:200]}); is the file complete?") from None


def _prepare(image: Image.Image) -> np.ndarray:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"The picture has {width} by {height} pixels, more than {MAX_PIXELS:,} in all; send a smaller one."
        )
    image.draft(None, (DRAFT_SIDE, DRAFT_SIDE))
    image.load()
    image = _rgb(ImageOps.exif_transpose(image))
    if image.size != (SIDE, SIDE):
        image = ImageOps.fit(image, (SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32).transpose(2, 0, 1) / np.float32(255)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        # 16-bit grayscale: Pillow's own conversion would clip instead of scale.
        values = np.asarray(image, np.float32)
        top = 65535 if image.mode.startswith("I") else 1
        return Image.fromarray((np.nan_to_num(values / top).clip(0, 1) * 255).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
