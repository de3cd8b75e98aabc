//! Exact answers: on Gaussian densities every method is known in closed form, on mixtures their faults are.

#![cfg(test)]

mod budget;
mod diffusion;
mod langevin;
mod parameters;
mod support;
