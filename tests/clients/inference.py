"""Triton's clients of the Open Inference Protocol against a server of fashion-mnist: the arguments are its address of HTTP and that of gRPC."""

import io
import json
import sys
import urllib.request

import grpc
import numpy as np
import tritonclient.grpc
import tritonclient.http
from google.protobuf.json_format import MessageToDict
from tritonclient.utils import InferenceServerException

address, grpc_address = sys.argv[1:]
MODEL, SCORE = "fashion-mnist", "fashion-mnist.score"
SAMPLER = {"method": "ancestral", "steps": 10}


def native(path, **body):
    """The array that the server's own interface answers."""
    headers = {"content-type": "application/json", "accept": "application/x-npy"}
    request = urllib.request.Request(f"http://{address}{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return np.load(io.BytesIO(answer.read()))


def tensor(module, name, datatype, array, **how):
    one = module.InferInput(name, list(array.shape), datatype)
    one.set_data_from_numpy(array, **how)
    return one


def text(value):
    return np.array([value.encode()], dtype=np.object_)


def refused(call):
    """The error that `call` raises."""
    try:
        call()
    except InferenceServerException as error:
        return error
    raise AssertionError("it was not refused")


def same(one, other):
    assert one.dtype == other.dtype and one.shape == other.shape, (one.dtype, one.shape, other.dtype, other.shape)
    assert one.tobytes() == other.tobytes()


def check(module, client, described):
    """All that both wires have in common. `described` makes a dictionary of what the client gives."""
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready(MODEL) and client.is_model_ready(SCORE, "1")
    server = described(client.get_server_metadata())
    assert server["name"] == "smld" and "binary_tensor_data" in server["extensions"], server
    metadata = described(client.get_model_metadata(MODEL))
    assert metadata["versions"] == ["1"] and metadata["platform"] == "smld_sampler", metadata
    outputs = [(port["name"], port["datatype"], [int(size) for size in port["shape"]]) for port in metadata["outputs"]]
    assert outputs == [("images", "FP32", [-1, 1, 28, 28]), ("seed", "UINT64", [1])], outputs
    score = described(client.get_model_metadata(SCORE, "1"))
    assert [port["name"] for port in score["inputs"]] == ["x", "sigma", "label", "deadline_ms", "priority"], score
    index = described(client.get_model_repository_index())
    index = index if isinstance(index, list) else index["models"]
    assert [(model["name"], model["state"]) for model in index] == [(MODEL, "READY"), (SCORE, "READY")], index

    # The same floats as those of the native interface, with every input.
    inputs = [
        tensor(module, "n", "INT32", np.array([3], dtype=np.int32)),
        tensor(module, "seed", "UINT64", np.array([2**64 - 1], dtype=np.uint64)),
        tensor(module, "first_index", "UINT16", np.array([5], dtype=np.uint16)),
        tensor(module, "label", "BYTES", text("sneaker")),
        tensor(module, "sampler", "BYTES", text(json.dumps(SAMPLER))),
        tensor(module, "deadline_ms", "INT64", np.array([500_000])),
        tensor(module, "priority", "BYTES", text("bulk")),
    ]
    expected = native("/v1/samples", n=3, seed=2**64 - 1, first_index=5, label="sneaker", sampler=SAMPLER)
    result = client.infer(MODEL, inputs, request_id="a-call")
    same(result.as_numpy("images"), expected)
    same(result.as_numpy("seed"), np.array([2**64 - 1], dtype=np.uint64))
    response = described(result.get_response())
    assert (response["model_name"], response["model_version"], response["id"]) == (MODEL, "1", "a-call"), response

    # As parameters; a seed that was not asked for is told, and makes the same again.
    parameters = {"n": 2, "sampler": json.dumps(SAMPLER), "label": -1}
    result = client.infer(MODEL, [], parameters=parameters)
    seed = int(result.as_numpy("seed")[0])
    same(result.as_numpy("images"), native("/v1/samples", n=2, seed=seed, label=-1, sampler=SAMPLER))

    # Only the output that is wanted.
    wanted = module.InferRequestedOutput("seed")
    result = client.infer(MODEL, [], outputs=[wanted], parameters={"seed": "7", "sampler": json.dumps(SAMPLER)})
    assert result.as_numpy("seed")[0] == 7 and result.as_numpy("images") is None

    # The network itself.
    x = np.random.default_rng(0).normal(size=(3, 1, 28, 28)).astype(np.float32)
    sigma, label = np.array([0.05, 1.0, 20.0], dtype=np.float32), np.array([-1, 3, 9])
    inputs = [tensor(module, "x", "FP32", x), tensor(module, "sigma", "FP32", sigma), tensor(module, "label", "INT64", label)]
    rows = [row.ravel().tolist() for row in x]
    expected = native(f"/v1/models/{MODEL}/score", x=rows, sigma=[0.05, 1, 20], label=[None, 3, 9])
    same(client.infer(SCORE, inputs, model_version="1").as_numpy("score"), expected)
    one = tensor(module, "sigma", "FP32", np.array([0.5], dtype=np.float32))
    expected = native(f"/v1/models/{MODEL}/score", x=rows, sigma=0.5)
    same(client.infer(SCORE, [inputs[0], one]).as_numpy("score"), expected)

    # What cannot be is told, and where.
    for arguments, words in [
        (dict(inputs=[tensor(module, "n", "INT64", np.array([0]))]), "n: is 0"),
        (dict(inputs=[tensor(module, "n", "INT64", np.array([1, 2]))]), "n: is of shape [2]"),
        (dict(inputs=[tensor(module, "n", "FP64", np.array([1.0]))]), "n: is of datatype 'FP64'"),
        (dict(inputs=[], parameters={"magic": 1}), "magic: 'fashion-mnist' has no such input or parameter"),
        (dict(inputs=[], outputs=[module.InferRequestedOutput("pictures")]), "pictures: 'fashion-mnist' has no such output"),
        (dict(inputs=[], parameters={"label": "cat"}), "no class 'cat'"),
        (dict(inputs=[], parameters={"sampler": "{"}), "sampler: "),
        (dict(inputs=[], priority=1), "priority: "),
        (dict(inputs=[], timeout=5), "timeout: "),
    ]:
        error = refused(lambda: client.infer(MODEL, **arguments))
        assert words in error.message(), (words, error)
    assert "no version '2'" in refused(lambda: client.infer(MODEL, [], model_version="2")).message()
    assert "fashion-mnist" in refused(lambda: client.get_model_metadata("resnet")).message()
    diverging = {"method": "langevin", "sigma": 0.1, "steps": 200, "tau": 1000.0}
    error = refused(lambda: client.infer(MODEL, [], parameters={"seed": 1, "sampler": json.dumps(diverging)}))
    assert "diverged" in error.message(), error


with tritonclient.http.InferenceServerClient(address, network_timeout=600) as client:
    check(tritonclient.http, client, lambda value: value)
    assert not client.is_model_ready("resnet")
    assert refused(lambda: client.get_model_config(MODEL)).status() == "404"

    # Numbers in JSON, in and out.
    module = tritonclient.http
    inputs = [tensor(module, "n", "INT64", np.array([2]), binary_data=False)]
    outputs = [module.InferRequestedOutput("images", binary_data=False), module.InferRequestedOutput("seed")]
    parameters = {"seed": 3, "sampler": json.dumps(SAMPLER)}
    result = client.infer(MODEL, inputs, outputs=outputs, parameters=parameters)
    assert "data" in result.get_output("images") and "data" not in result.get_output("seed")
    same(result.as_numpy("images"), native("/v1/samples", n=2, seed=3, sampler=SAMPLER))

with tritonclient.grpc.InferenceServerClient(grpc_address) as client:
    check(tritonclient.grpc, client, lambda message: MessageToDict(message, preserving_proto_field_name=True))
    codes = {
        grpc.StatusCode.NOT_FOUND: lambda: client.is_model_ready("resnet"),
        grpc.StatusCode.INVALID_ARGUMENT: lambda: client.infer(MODEL, [], parameters={"n": 0}),
        grpc.StatusCode.UNIMPLEMENTED: lambda: client.get_model_config(MODEL),
    }
    for code, call in codes.items():
        assert refused(call).status() == str(code), code
    large = np.zeros((4096, 1, 28, 28), dtype=np.float32)
    error = refused(lambda: client.infer(SCORE, [tensor(tritonclient.grpc, "x", "FP32", large)]))
    assert error.status() == str(grpc.StatusCode.RESOURCE_EXHAUSTED) and "--max-score-rows" in error.message(), error

    # The client's patience is the deadline: what could never be done within it is not begun, and it is not told to come again.
    endless = json.dumps({"method": "langevin", "sigma": 0.1, "steps": 1_000_000})
    stub = tritonclient.grpc.service_pb2_grpc.GRPCInferenceServiceStub(grpc.insecure_channel(grpc_address))
    request = tritonclient.grpc.service_pb2.ModelInferRequest(model_name=MODEL)
    request.parameters["sampler"].string_param = endless
    try:
        stub.ModelInfer(request, timeout=10)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT and "deadline_ms" in error.details(), error
        metadata = dict(error.trailing_metadata()) | dict(error.initial_metadata())
        assert "grpc-retry-pushback-ms" not in metadata and "x-request-id" in metadata, metadata
    else:
        raise AssertionError("a million evaluations were made within ten seconds")

    # Typed contents are answered by typed contents, with where they come from.
    request = tritonclient.grpc.service_pb2.ModelInferRequest(model_name=MODEL)
    request.parameters["sampler"].string_param = json.dumps(SAMPLER)
    seed = request.inputs.add(name="seed", datatype="INT64", shape=[1])
    seed.contents.int64_contents.append(3)
    response, call = stub.ModelInfer.with_call(request)
    images, seed = response.outputs
    assert list(seed.contents.uint64_contents) == [3] and not response.raw_output_contents
    images = np.array(images.contents.fp32_contents, dtype=np.float32).reshape(images.shape)
    same(images, native("/v1/samples", seed=3, sampler=SAMPLER))
    assert dict(call.initial_metadata())["x-smld-seed"] == "3"
