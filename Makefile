# What there is to do; `make` lists it. Everything can be run twice: what is there already is left alone. But `make train` begins no run
# whose checkpoint is in runs/ already: `smld-train fit --resume` goes on with one.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test lint licences bench data train quality figures image clean

CARGO ?= cargo
# How many steps each model of images is trained (the shipped avatars had 30000), and further arguments, as in: make train STEPS=80000 FIT='--precision bf16'
STEPS ?= 40000
FIT ?=
# Further arguments of the server, the benchmark or the sweep, as in: make run ARGS='--listen 127.0.0.1:8081', make bench ARGS='--quick',
# make quality ARGS='--evaluations 500,1000'
ARGS ?=

# Its tests run where there is a build of it, and say elsewhere that they did not.
OPENVINO := $(if $(filter x86_64,$(shell uname -m)),onnxruntime-openvino)
IMAGES := --steps $(STEPS) $(FIT)
DENY := .deps/cargo-deny-0.20.2/bin/cargo-deny
TRAIN := $(CARGO) run --locked --release --no-default-features --features train --bin smld-train --

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18

run: ## serve models/ on 127.0.0.1:8080
	scripts/fetch onnxruntime
	$(CARGO) build --locked --release
	exec target/release/smld serve --models models $(ARGS)

test: lint licences ## get all that is needed and run every check and every test
	scripts/fetch onnxruntime data clients browser $(OPENVINO)
	$(CARGO) test --locked --no-fail-fast --features train,openvino

# Each set of features must build alone: the core without axum and onnxruntime, the server without libtorch.
lint: ## formatting, lints for every set of features, and the documentation
	scripts/fetch libtorch
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --no-default-features -- -D warnings
	$(CARGO) clippy --locked --no-default-features --features serve -- -D warnings
	$(CARGO) clippy --locked --no-default-features --features onnx -- -D warnings
	$(CARGO) clippy --locked --no-default-features --features client -- -D warnings
	$(CARGO) clippy --locked -- -D warnings
	$(CARGO) clippy --locked --no-default-features --features train -- -D warnings
	$(CARGO) clippy --locked --all-features --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --all-features --no-deps

licences: $(DENY) ## the licences and sources of what is depended on
	$(DENY) --locked --log-level error check licenses bans sources

# Unoptimised: it is built in a quarter of the time and used for two seconds.
$(DENY):
	CARGO_PROFILE_DEV_DEBUG=0 $(CARGO) install --locked --debug --no-default-features \
	    --root .deps/cargo-deny-0.20.2 cargo-deny@0.20.2

# Ten thousand connections are ten thousand open files.
bench: ## measure the server against the machine, half an hour; ARGS='--quick' for five minutes
	scripts/fetch onnxruntime
	ulimit -n $$(ulimit -Hn) && $(CARGO) bench --locked --bench serving -- $(ARGS)

data: ## fetch MNIST, Fashion-MNIST and avatars into data/
	scripts/fetch data

train: ## train the models of models/ anew: those of images STEPS (40000) each, two-moons 10000
	scripts/fetch libtorch data onnxruntime
	$(TRAIN) fit --data data/mnist --out models/mnist.onnx --sigma-max 15 $(IMAGES) \
	    --sampler '{"method":"ancestral","sigmas":[15,6.36,2.98,2.08,0.948,0.417,0.139,0.0552]}'
	$(TRAIN) fit --data data/fashion-mnist --out models/fashion-mnist.onnx --sigma-max 20 $(IMAGES) \
	    --sampler '{"method":"ancestral","sigmas":[20,19,9.37,2.45,1.16,0.629,0.291,0.152,0.104,0.0275]}' \
	    --classes 't-shirt,trouser,pullover,dress,coat,sandal,shirt,sneaker,bag,ankle boot'
	$(TRAIN) fit --data data/avatars --out models/avatars.onnx --sigma-max 30 $(IMAGES) \
	    --sampler '{"method":"ancestral","sigmas":[30,25.3,14.4,9,4.5,2.5,1.4,0.768,0.35,0.2,0.11,0.04]}'
	$(TRAIN) fit --data two-moons --out models/two-moons.onnx --steps 10000 --batch 512 --threads 1 \
	    --sampler '{"method":"annealed_langevin","levels":20,"steps_per_level":20}'

# What models/logs/NAME-quality.json has is not measured again: without that file the model is measured anew.
quality: ## measure what is not yet known of the image models' quality against evaluations, and draw it; ARGS adds
	scripts/fetch libtorch data onnxruntime
	for model in mnist fashion-mnist avatars; do \
	    $(TRAIN) sweep models/$$model.onnx --data data/$$model --features models/features/$$model.onnx \
	        --json models/logs/$$model-quality.json $(ARGS); \
	    $(TRAIN) plot quality models/logs/$$model-quality.json --out models/images/$$model-quality.svg; \
	done

figures: ## redraw the pictures of docs/THEORY.md and models/README.md
	scripts/fetch libtorch onnxruntime
	$(TRAIN) plot paths --density two-moons --sigma 0.3 --tau 0.005 --steps 300 --chains 4 --out docs/figures/paths.svg
	$(TRAIN) plot times --density two-moons --tau 0.002 --out docs/figures/times.png
	$(TRAIN) plot step-size --out docs/figures/step-size.svg
	$(TRAIN) plot field --density two-moons --sigma 0.2 --out docs/figures/field.svg
	$(TRAIN) plot kernel --density two-moons --out docs/figures/kernel.png
	$(TRAIN) plot dimension --out docs/figures/dimension.svg
	$(TRAIN) plot theorem --out docs/figures/theorem.svg
	$(TRAIN) plot learnt models/two-moons.onnx --density two-moons --out docs/figures/learnt.png
	$(TRAIN) plot loss models/logs/mnist.jsonl --out docs/figures/loss.svg
	$(TRAIN) plot chain models/mnist.onnx --sampler '{"method":"annealed_langevin","steps_per_level":10}' --out docs/figures/chain.png
	$(TRAIN) plot annealing --chains 20000 --seed 1 --out docs/figures/annealing.png
	for model in mnist fashion-mnist avatars; do \
	    $(TRAIN) sample models/$$model.onnx --n 100 --seed 0 --out models/images/$$model.png; \
	    each=10; if [ $$model = avatars ]; then each=5; fi; \
	    $(TRAIN) sample models/$$model.onnx --n $$each --seed 0 --each-class --out models/images/$$model-classes.png; \
	    $(TRAIN) plot loss models/logs/$$model.jsonl --out models/images/$$model-loss.svg; \
	done

image: ## build the container image smld:cpu, with docker or, where no engine answers, with buildah
	if docker info >/dev/null 2>&1; then docker build --target cpu --tag smld:cpu .; else scripts/image; fi

clean: ## remove what was built; what was fetched stays
	$(CARGO) clean
