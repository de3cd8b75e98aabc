"""Triton's client against a server that encrypts and wants keys: its address of gRPC, its certificate, a key without bounds, and one of ten
evaluations."""

import json
import sys

import grpc
import tritonclient.grpc as triton
from grpc_health.v1 import health_pb2, health_pb2_grpc

address, certificate, free, few = sys.argv[1:]
# The certificate is of this name, the server on a number.
NAMED = [("grpc.ssl_target_name_override", "localhost")]
client = triton.InferenceServerClient(address, ssl=True, root_certificates=certificate, channel_args=NAMED)


def infer(**headers):
    sampler = json.dumps({"method": "langevin", "sigma": 1.0, "steps": 20})
    return client.infer("mixture", [], parameters={"n": 2, "seed": 7, "sampler": sampler}, headers=headers)


def refused(code, text, **headers):
    try:
        infer(**headers)
    except triton.InferenceServerException as error:
        assert error.status() == f"StatusCode.{code}" and text in error.message(), error
        return
    raise AssertionError("it was not refused")


assert infer(authorization=f"Bearer {free}").as_numpy("samples").shape == (2, 2)
assert infer(**{"x-api-key": free}).as_numpy("seed") == [7]
refused("UNAUTHENTICATED", "key")
refused("UNAUTHENTICATED", "key", authorization="Bearer smld_0")
refused("RESOURCE_EXHAUSTED", "evaluations", authorization=f"Bearer {few}")
assert client.is_server_live(headers={"authorization": f"Bearer {free}"})

# Who looks whether the server is there needs no key.
with open(certificate, "rb") as file:
    credentials = grpc.ssl_channel_credentials(file.read())
health = health_pb2_grpc.HealthStub(grpc.secure_channel(address, credentials, NAMED))
assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
