"""Speech, transcriptions and pictures, sold from a price file."""

import io
import json
import shutil
import wave
from decimal import Decimal

import answers
import pytest
from forms import form
from gateway import ROOT
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


HEARD = {  # as litellm 1.110.2 has them
    "whisper-1": {
        "litellm_provider": "openai",
        "mode": "audio_transcription",
        "input_cost_per_second": "0.0001",
        "output_cost_per_second": "0.0001",
        "supported_endpoints": ["/v1/audio/transcriptions"],
    },
    "gpt-4o-transcribe": {
        "litellm_provider": "openai",
        "mode": "audio_transcription",
        "input_cost_per_audio_token": "6e-06",
        "input_cost_per_second": "0.0001",
        "input_cost_per_token": "2.5e-06",
        "output_cost_per_token": "1e-05",
        "max_input_tokens": "16000",
        "max_output_tokens": "2000",
    },
    "groq/whisper": {
        "litellm_provider": "groq",
        "mode": "audio_transcription",
        "input_cost_per_second": "3.083e-05",
        "input_cost_per_token": "0.0",
        "output_cost_per_second": "0.0",
        "output_cost_per_token": "0.0",
    },
    "live": {
        "litellm_provider": "openai",
        "mode": "audio_transcription",
        "input_cost_per_second": "0.0001",
        "supported_endpoints": ["/v1/realtime"],
    },
    "free": {
        "litellm_provider": "openai",
        "mode": "audio_transcription",
        "input_cost_per_second": "0.0",
    },
    "half": {
        "litellm_provider": "openai",
        "mode": "audio_transcription",
        "input_cost_per_audio_token": "2e-06",
        "input_cost_per_second": "0.0001",
        "output_cost_per_token": "1.2e-05",
    },
}


def write_heard(idle, tmp_path) -> str:
    text, summary = imported(idle, tmp_path, HEARD, "--mode", "audio_transcription")
    idle.policies.write("catalog", text)
    return summary


def test_transcriptions_are_imported_with_their_unit(idle, tmp_path):
    """Of one with prices of tokens the price of a second is what it costs about: charged together
    they would be paid twice. One that is served over a connection is no transcription here."""
    summary = write_heard(idle, tmp_path)
    text = (idle.policies.folder / "catalog.lua").read_text()
    assert text.count('second = "0.0001"') == 1, "of whisper-1"
    assert 'second = "0.00003083"' in text
    assert "audio_transcription by other endpoints: 1 (live)" in summary
    assert "it has no price of input and output: 2 (free, half)" in summary
    assert "imported 3 models" in summary


def test_transcriptions_are_sold(idle, tmp_path):
    write_heard(idle, tmp_path)
    sell(
        idle,
        """
        a = sell("whisper-1", { context = 16000, max_output = 2000, second_max = 7200 }),
        b = sell("gpt-4o-transcribe"),
    """,
    )
    assert idle.command("check").returncode == 0, idle.command("check").stderr
    costs = priced(
        idle,
        {"model": "a", "usage": {"second": 90}},
        {"model": "b", "usage": {"input": 10, "audio_input": 1000, "output": 50}},
    )
    assert [Decimal(found["charge"]) for found in costs] == [
        Decimal("0.009"),
        Decimal("0.000025") + Decimal("0.006") + Decimal("0.0005"),
    ]
    sell(idle, 'a = sell("whisper-1", { context = 16000, max_output = 2000 }),')
    check(idle, "is sold by the second", "second_max")


def test_transcriptions_are_charged_as_they_were_imported(idle, tmp_path, provider):
    write_heard(idle, tmp_path)
    sell(
        idle,
        'a = sell("whisper-1", { context = 16000, max_output = 2000, second_max = 7200,'
        ' candidates = { { provider = "openai" } } }),',
    )
    idle.start()
    customer = idle.customer()
    body = {"text": "x", "usage": {"type": "duration", "seconds": 3}}
    provider.answer = answers.reply(200, json.dumps(body).encode())
    head = {"Content-Type": "multipart/form-data; boundary=XyZ"}
    sent = form(("model", "a"), ("file", second_of_sound(3), "a.wav"))
    reply = customer.post(sent, "/audio/transcriptions", headers=head)
    assert reply.status_code == 200, reply.text
    assert Decimal(reply.headers["x-llm-cost"]) == Decimal("0.0003")
    idle.stop()


def second_of_sound(seconds: int) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(b"\x80" * 8000 * seconds)
    return out.getvalue()


def picture(mode: str, price: str, member="output_cost_per_image", **more) -> dict:
    return {"litellm_provider": "openai", "mode": mode, member: price, **more}


SIZED = {
    "edit": picture("image_edit", "0.04"),
    "openai/low/1024-x-1024/draw": picture("image_generation", "0.006"),
    "openai/high/1024-x-1024/draw": picture("image_generation", "0.211"),
    "1024-x-1536/draw": picture("image_generation", "0.05", "input_cost_per_image"),
    "whole": picture("image_generation", "0.06", "input_cost_per_image",
                     output_cost_per_image_1K="0.04", output_cost_per_image_2K="0.06"),
    "tokens": picture("image_generation", "3e-05", "output_cost_per_image_token",
                      input_cost_per_token="5e-06"),
    "high/1024-x-1024/tokens": picture("image_generation", "0.2", "input_cost_per_image"),
    "512-x-512/50-steps/old": picture("image_generation", "0.018"),
    "max-x-max/50-steps/old": picture("image_generation", "0.018"),
    "reads": picture("image_generation", "0.1", "input_cost_per_image",
                     input_cost_per_token="5e-06", output_cost_per_image="0.1"),
    "nothing": picture("image_edit", "0.0"),
    "elsewhere": picture("image_edit", "0.04", supported_endpoints=["/v1/images/generations"]),
}  # fmt: skip


def write_sized(idle, tmp_path) -> tuple[str, str]:
    text, summary = imported(idle, tmp_path, SIZED, "--mode", "image_edit",
                             "--mode", "image_generation")  # fmt: skip
    idle.policies.write("catalog", text)
    return text, summary


def test_pictures_by_size_and_quality_are_one_model(idle, tmp_path):
    """LiteLLM has an entry for each; the provider knows the model's own name only."""
    text, summary = write_sized(idle, tmp_path)
    assert "-x-" not in text
    assert '{ size = "1024x1536", image = "0.05" },' in text
    assert '{ size = "1024x1024", quality = "high", image = "0.211" },' in text
    assert text.index('size = "1024x1536"') < text.index('quality = "high"')
    assert text.count('image = "0.2"') == 0, "what a model that is billed by tokens costs about"
    assert '{ resolution = "2K", image = "0.06" },' in text, "others would be refused"
    assert "its name is a size that is not understood: 2 (512-x-512/50-steps/old, " in summary
    assert "steps" not in text
    assert (
        "it has no price of what it makes, or costs nothing in the source: 1 (nothing)" in summary
    )
    assert "input_cost_per_image is not sold" in summary
    assert "image_edit by other endpoints: 1 (elsewhere)" in summary


def test_pictures_by_size_and_quality_are_sold(idle, tmp_path):
    write_sized(idle, tmp_path)
    sell(
        idle,
        """
        a = sell("openai/draw", { context = 16384, image_max = 4 }),
        b = sell("edit", { context = 16384, image_max = 4 }),
        c = sell("whole", { context = 16384, image_max = 4 }),
        d = sell("tokens", { context = 16384, max_output = 16384, image_tokens_max = 6000,
                             endpoints = { "images", "image_edits" },
                             capabilities = { "vision" } }),
    """,
    )
    assert idle.command("check").returncode == 0, idle.command("check").stderr
    big = {"size": "1024x1024", "quality": "high"}
    costs = priced(
        idle,
        {"model": "a", "usage": {"image": 1}},
        {"model": "a", "usage": {"image": 2}, **big},
        {"model": "b", "usage": {"image": 3}},
        {"model": "c", "usage": {"image": 1}},
        {"model": "d", "usage": {"input": 100, "image_output": 1056}},
    )
    assert [Decimal(found["charge"]) for found in costs] == [
        Decimal("0.211"),  # the dearest
        Decimal("0.422"),
        Decimal("0.12"),
        Decimal("0.06"),
        Decimal("0.0005") + Decimal("0.03168"),
    ]
    sell(idle, 'b = sell("edit", { context = 16384 }),')
    check(idle, "is sold by the image", "image_max")
    sell(idle, 'b = sell("edit", { context = 1, image_max = 1, input = "1" }),')
    check(idle, "reads pictures", "image_tokens_max")


def test_an_edit_from_the_catalogue_is_served(idle, tmp_path, provider):
    write_sized(idle, tmp_path)
    sell(idle, 'b = sell("edit", { context = 16384, image_max = 4 }),')
    idle.start()
    customer = idle.customer()
    provider.answer = answers.reply(200, json.dumps({"data": [{"b64_json": "AAAA"}]}).encode())
    body = {"model": "b", "prompt": "x", "images": [{"image_url": "data:image/png;base64,AAAA"}]}
    reply = customer.post(body, "/images/edits")
    assert reply.status_code == 200, reply.text
    assert Decimal(reply.headers["x-llm-cost"]) == Decimal("0.04")
    assert provider.last.json["model"] == "edit"
    idle.stop()


def test_the_shipped_catalogue_sells_transcriptions(idle):
    shutil.copy(ROOT / "policies/catalog.lua", idle.policies.folder / "catalog.lua")
    sell(idle, 'a = sell("gpt-4o-mini-transcribe"),')
    assert idle.command("check").returncode == 0, idle.command("check").stderr
    found = priced(idle, {"model": "a", "usage": {"audio_input": 1000000, "output": 1000000}})
    assert Decimal(found[0]["charge"]) == Decimal("6.25")
