"""What gRPC brings: reflection, health, cancellation, the end. The arguments are a server's address of HTTP, that of gRPC, and its process."""

import json
import os
import signal
import sys
import urllib.request

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tritonclient.grpc import service_pb2, service_pb2_grpc

address, grpc_address, process = sys.argv[1:]
SERVICE = "inference.GRPCInferenceService"
channel = grpc.insecure_channel(grpc_address)
stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)


def chain(steps):
    request = service_pb2.ModelInferRequest(model_name="mixture")
    request.parameters["sampler"].string_param = json.dumps({"method": "langevin", "sigma": 1.0, "steps": steps})
    return request


def told(line):
    """Waits until the metrics have `line`."""
    while True:
        with urllib.request.urlopen(f"http://{address}/metrics") as answer:
            if line in answer.read().decode().splitlines():
                return


# Reflection, in both versions: the same messages under two names.
database = ProtoReflectionDescriptorDatabase(channel)
assert {SERVICE, "grpc.health.v1.Health"} <= set(database.get_services()), database.get_services()
service = DescriptorPool(database).FindServiceByName(SERVICE)
assert service.methods_by_name["ModelInfer"].input_type.fields_by_name["raw_input_contents"].number == 7
ask = channel.stream_stream(
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
    response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
)
(answer,) = ask(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
assert SERVICE in [service.name for service in answer.list_services_response.service], answer

# Every message of the protocol is here as clients know it: names, numbers and types.
theirs = service_pb2.DESCRIPTOR.message_types_by_name


def fields(message):
    return {
        field.number: (field.name, field.type, field.is_repeated, field.message_type and field.message_type.full_name)
        for field in message.fields
    }


def compare(ours, theirs):
    for number, field in fields(ours).items():
        assert fields(theirs)[number] == field, (ours.full_name, field)
    for nested in ours.nested_types:
        compare(nested, theirs.nested_types_by_name[nested.name])


messages = service.file.message_types_by_name
assert len(messages) == 16, sorted(messages)
for name, message in messages.items():
    compare(message, theirs[name])

# Health.
health = health_pb2_grpc.HealthStub(channel)
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
for name in ["", SERVICE]:
    assert health.Check(health_pb2.HealthCheckRequest(service=name)).status == SERVING
try:
    health.Check(health_pb2.HealthCheckRequest(service="another"))
except grpc.RpcError as error:
    assert error.code() == grpc.StatusCode.NOT_FOUND, error
else:
    raise AssertionError("there is no such service")
watch = health.Watch(health_pb2.HealthCheckRequest(service=SERVICE))
assert next(watch).status == SERVING

# A call that its client gives up is cancelled.
call = stub.ModelInfer.future(chain(1_000_000))
told("smld_requests_running 1")
call.cancel()
told('smld_requests_total{model="mixture",outcome="cancelled"} 1')
told("smld_requests_running 0")

# Told to stop, the server finishes what is under way, takes nothing new, and says so.
call = stub.ModelInfer.future(chain(100_000))
told("smld_requests_running 1")
os.kill(int(process), signal.SIGTERM)
assert next(watch).status == NOT_SERVING
assert not stub.ServerReady(service_pb2.ServerReadyRequest()).ready
assert not stub.ModelReady(service_pb2.ModelReadyRequest(name="mixture")).ready
assert stub.ServerLive(service_pb2.ServerLiveRequest()).live
try:
    stub.ModelInfer(chain(1))
except grpc.RpcError as error:
    assert error.code() == grpc.StatusCode.UNAVAILABLE and "draining" in error.details(), error
else:
    raise AssertionError("a draining server took a call")
samples, seed = call.result().outputs
assert (samples.name, list(samples.shape), seed.name) == ("samples", [1, 2], "seed")
# Nobody is kept watching.
try:
    rest = list(watch)
except grpc.RpcError as error:
    assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED), error
else:
    assert all(answer.status != SERVING for answer in rest)
