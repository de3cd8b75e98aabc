"""OpenAI's client against a server of fashion-mnist at the address that is the one argument."""

import base64
import json
import sys
import urllib.request

import openai

url = sys.argv[1]
client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)
sampler = {"method": "ancestral", "steps": 10}


def native(**body):
    """The PNG that the server's own interface answers."""
    headers = {"content-type": "application/json", "accept": "image/png"}
    request = urllib.request.Request(url + "/v1/samples", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def refused(kind, **arguments):
    """The error of `kind` that the request raises."""
    try:
        client.images.generate(**arguments)
    except kind as error:
        assert type(error) is kind, error
        return error
    raise AssertionError(f"{arguments} was not refused")


# Every image is the file that it is alone.
images = client.images.generate(
    model="fashion-mnist", prompt="Sneaker", n=2, size="28x28", extra_body={"seed": 7, "first_index": 3, "sampler": sampler}
)
assert len(images.data) == 2 and images.created > 1_700_000_000
assert (images.size, images.output_format, images.usage.output_tokens) == ("28x28", "png", 20)
for index, image in enumerate(images.data, 3):
    alone = native(model="fashion-mnist", label="sneaker", seed=7, first_index=index, sampler=sampler)
    assert base64.b64decode(image.b64_json) == alone, index

# Other formats are of the same image; what is compressed with loss is so as much as was asked.
def as_file(output_format, **more):
    images = client.images.generate(prompt="bag", output_format=output_format, extra_body={"seed": 1, "sampler": sampler}, **more)
    assert images.output_format == output_format
    return base64.b64decode(images.data[0].b64_json)


assert as_file("webp").startswith(b"RIFF")
assert as_file("jpeg").startswith(b"\xff\xd8")
assert len(as_file("jpeg", output_compression=10)) < len(as_file("jpeg"))

# A seed that was not asked for is told, and makes the same again.
raw = client.images.with_raw_response.generate(prompt="", extra_body={"sampler": sampler})
seed = int(raw.headers["x-smld-seed"])
assert base64.b64decode(raw.parse().data[0].b64_json) == native(seed=seed, sampler=sampler)

# A stream: as many partial images as asked for where the way is long enough, then the image.
long = {"method": "ancestral", "steps": 1000}
stream = client.images.generate(prompt="bag", stream=True, partial_images=2, extra_body={"seed": 1, "sampler": long})
*partial, completed = list(stream)
assert [event.type for event in partial] == ["image_generation.partial_image"] * 2, partial
assert [event.partial_image_index for event in partial] == [0, 1]
assert all(base64.b64decode(event.b64_json).startswith(b"\x89PNG") for event in partial)
assert (completed.type, completed.size, completed.usage.total_tokens) == ("image_generation.completed", "28x28", 1000)
assert base64.b64decode(completed.b64_json) == native(label="bag", seed=1, sampler=long)

# Errors say what is wrong and where.
error = refused(openai.BadRequestError, prompt="a cat")
assert error.param == "prompt" and "sneaker" in error.message, error
error = refused(openai.BadRequestError, prompt="", size="1024x1024")
assert error.param == "size" and "28x28" in error.message, error
error = refused(openai.BadRequestError, prompt="", extra_body={"sampler": {"method": "magic"}})
assert error.code == "invalid-field" and "magic" in error.message, error
error = refused(openai.NotFoundError, prompt="", model="gpt-image-2")
assert error.code == "unknown-model" and "fashion-mnist" in error.message, error
try:
    client.images.edit(image=b"", prompt="")
except openai.NotFoundError as error:
    assert error.code == "no-such-path", error
else:
    raise AssertionError("there is nothing to edit images")

# What fails under way.
diverging = {"method": "langevin", "sigma": 0.1, "steps": 200, "tau": 1000.0}
try:
    list(client.images.generate(prompt="", stream=True, extra_body={"seed": 1, "sampler": diverging}))
except openai.APIError as error:
    assert error.code == "diverged", error
else:
    raise AssertionError("it did not diverge")

# Models.
assert [model.id for model in client.models.list()] == ["fashion-mnist"]
assert client.models.retrieve("fashion-mnist").object == "model"
