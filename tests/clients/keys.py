"""OpenAI's client against a server that wants keys: its address, a key without bounds, and one of a request an hour."""

import sys

import openai

url, free, slow = sys.argv[1:]


def client(key):
    return openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0)


def refused(kind, key):
    """The error of `kind` that asking with `key` raises."""
    try:
        client(key).images.generate(prompt="", extra_body={"sampler": {"method": "ancestral", "steps": 2}})
    except kind as error:
        assert type(error) is kind, error
        return error
    raise AssertionError("it was not refused")


assert client(free).models.list().data[0].id == "fashion-mnist"
assert refused(openai.AuthenticationError, "smld_0").code == "unauthorized"
assert client(slow).models.list().data
error = refused(openai.RateLimitError, slow)
assert error.code == "key-rate" and 0 < int(error.response.headers["retry-after"]) <= 3600, error
