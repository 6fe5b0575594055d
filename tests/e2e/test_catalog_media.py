"""Speech and pictures, sold from a price file."""

from decimal import Decimal

import pytest
from test_catalog import check, imported, priced, sell


@pytest.fixture
def idle(make_gateway):
    """A gateway that is configured and not running."""
    return make_gateway(start=False)


MEDIA = {  # as litellm 1.110.2 has them
    "tts-1": {
        "litellm_provider": "openai",
        "mode": "audio_speech",
        "input_cost_per_character": "1.5e-05",
        "supported_endpoints": ["/v1/audio/speech"],
    },
    "gpt-4o-mini-tts": {
        "litellm_provider": "openai",
        "mode": "audio_speech",
        "input_cost_per_token": "6e-07",
        "output_cost_per_audio_token": "1.2e-05",
        "output_cost_per_second": "0.00025",
        "output_cost_per_token": "1e-05",
    },
    "gpt-image-2": {
        "litellm_provider": "openai",
        "mode": "image_generation",
        "input_cost_per_token": "5e-06",
        "output_cost_per_image_token": "3e-05",
        "output_cost_per_image_token_batches": "1.5e-05",
        "supports_vision": True,
    },
}


def write_media(idle, tmp_path) -> None:
    text, _ = imported(idle, tmp_path, MEDIA, "--mode", "audio_speech",
                       "--mode", "image_generation")  # fmt: skip
    idle.policies.write("catalog", text)


def test_speech_and_pictures_are_sold(idle, tmp_path):
    write_media(idle, tmp_path)
    sell(
        idle,
        """
        a = sell("tts-1", { context = 4096, character_max = 4096 }),
        b = sell("gpt-4o-mini-tts", { context = 2000, max_output = 16384 }),
        c = sell("gpt-image-2", { context = 16384, max_output = 16384 }),
    """,
    )
    assert idle.command("check").returncode == 0
    costs = priced(
        idle,
        {"model": "a", "usage": {"character": 1000}},
        {"model": "b", "usage": {"input": 100, "audio_output": 1250}},
        {"model": "c", "usage": {"input": 100, "image_output": 1056}},
    )
    assert [Decimal(found["charge"]) for found in costs] == [
        Decimal("0.015"),
        Decimal("0.00006") + Decimal("0.015"),
        Decimal("0.0005") + Decimal("0.03168"),
    ]


def test_what_a_price_file_does_not_say_of_them_is_asked_for(idle, tmp_path):
    write_media(idle, tmp_path)
    sell(idle, 'a = sell("tts-1", { context = 4096 }),')
    check(idle, "is sold by the character", "character_max")
    sell(idle, 'b = sell("gpt-4o-mini-tts", { context = 2000 }),')
    check(idle, "max_output", "is missing")
