//! What fails, fails alone, and the engine goes on.

#![cfg(test)]

#[expect(dead_code, reason = "every test binary uses its own part")]
mod common;

use common::spy::{Fault, Spy};
use common::{alone, asked, bits, collected, gaussian, ready, request, roomy, work};
use smld::engine::{Failure, RawSampleRequest, engine};
use smld::sampler::{LangevinSpec, Noise, Purpose, SamplerSpec};
use std::sync::Arc;

/// Fails a run by `fault` while two requests share the batch and a third of another model waits. Both get `reason`, the third
/// its sample; then the fault is mended and the next request gets what it would have had without it.
fn contained(fault: Fault, reason: &str) {
    let (fragile, script) = Spy::ready(1);
    let sturdy = ready(common::two_bumps(2), 1);
    let (engine, mut workers) = engine(&[fragile.clone(), sturdy.clone()], roomy(1), Arc::new(())).unwrap();
    let victims = [engine.submit(&request(&fragile, 2, 9)).unwrap(), engine.submit(&request(&fragile, 1, 9)).unwrap()];
    let bystander = engine.submit(&request(&sturdy, 1, 9)).unwrap();
    workers[0].step();
    script.lock().unwrap().fault = fault;
    work(&mut workers);
    for victim in victims {
        let Err(Failure::Model { reason: told }) = victim.blocking_collect() else {
            panic!("{fault:?} went unnoticed")
        };
        assert!(told.contains("'gaussian'") && told.contains(reason), "{told}");
    }
    assert_eq!(collected(bystander).samples.len(), 1);
    assert_eq!(engine.snapshot().slots_used, 0);

    if fault == Fault::Gone {
        let again = engine.submit(&request(&fragile, 1, 9)).unwrap();
        work(&mut workers);
        assert!(again.blocking_collect().unwrap_err().to_string().contains("no memory for a session"));
    }
    script.lock().unwrap().fault = Fault::None;
    let request = request(&fragile, 2, 9);
    let next = engine.submit(&request).unwrap();
    work(&mut workers);
    let mut session = fragile.open(1).unwrap();
    for (index, x) in collected(next).samples {
        assert_eq!(bits(&x), bits(&alone(session.as_mut(), &request, index)));
    }
}

#[test]
fn a_failed_run_fails_the_requests_of_its_batch_and_nobody_else() {
    contained(Fault::Error, "the device was lost");
}

#[test]
fn a_panic_in_the_model_is_a_failed_run() {
    contained(Fault::Panic, "panicked: row 3 is cursed");
}

#[test]
fn a_session_that_cannot_be_opened_again_fails_requests_until_it_can() {
    contained(Fault::Gone, "the device was lost");
}

#[test]
fn three_runs_that_fail_one_after_another_are_a_model_that_stands_still_until_one_succeeds() {
    let (model, script) = Spy::ready(1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let mut stands_still = |fault| {
        script.lock().unwrap().fault = fault;
        let ticket = engine.submit(&request(&model, 1, 3)).unwrap();
        work(&mut workers);
        assert_eq!(ticket.blocking_collect().is_ok(), fault == Fault::None);
        !engine.snapshot().stalled.is_zero()
    };
    let faults = [Fault::Error, Fault::Error, Fault::None, Fault::Error, Fault::Panic, Fault::Error, Fault::None];
    assert_eq!(faults.map(&mut stands_still), [false, false, false, false, false, true, false]);
}

#[test]
fn a_session_is_opened_anew_after_a_failure_and_only_then() {
    let (model, script) = Spy::ready(1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let mut sessions = |fault| {
        script.lock().unwrap().fault = fault;
        let ticket = engine.submit(&request(&model, 1, 3)).unwrap();
        work(&mut workers);
        assert_eq!(ticket.blocking_collect().is_ok(), fault == Fault::None);
        script.lock().unwrap().opened.len()
    };
    let opened = [Fault::None, Fault::Error, Fault::None, Fault::None, Fault::Panic, Fault::None].map(&mut sessions);
    assert_eq!(opened, [0, 0, 1, 1, 1, 2]);
}

#[test]
fn a_chain_that_diverges_is_named_and_its_neighbour_in_the_batch_is_unharmed() {
    let model = ready(gaussian(&[0.0; 4], 1.0), 1);
    let (engine, mut workers) = engine(std::slice::from_ref(&model), roomy(1), Arc::new(())).unwrap();
    let sigma = 0.5_f64;
    // On N(0, 1 + σ²) steps are stable below 2(1 + σ²) = 2.5; here x grows by the factor −7 a step.
    let spec = LangevinSpec { sigma: Some(sigma), tau: Some(10.0), ..LangevinSpec::default() };
    let sampler = Some(SamplerSpec::Langevin(spec));
    let wild = asked(&model, &RawSampleRequest { first_index: Some(17), sampler, ..RawSampleRequest::default() });
    let calm = request(&model, 2, 400);
    let (lost, kept) = (engine.submit(&wild).unwrap(), engine.submit(&calm).unwrap());
    work(&mut workers);

    let mut session = model.open(1).unwrap();
    let noise = Noise::new(wild.seed(), 17, Purpose::Sampling);
    let (mut x, mut score, mut memory, mut evaluation) = ([0.0; 4], [0.0; 4], Vec::new(), 0);
    wild.sampler().init(&noise, &mut x);
    while x.iter().all(|x| x.is_finite()) {
        let rows = smld::score::Rows { x: &x, sigma: &[sigma as f32], label: &[-1] };
        session.evaluate(rows, &mut score).unwrap();
        wild.sampler().advance(evaluation, &noise, &mut x, &mut memory, &score);
        evaluation += 1;
    }
    assert!((30..60).contains(&evaluation), "7^45 is about the largest number: {evaluation}");
    let failure = lost.blocking_collect().unwrap_err();
    assert_eq!(failure, Failure::Diverged { index: 17, sigma: sigma as f32, tau: Some(10.0), evaluation });
    assert!(failure.to_string().contains("sample 17") && failure.to_string().contains("steps of τ = 10 "));
    for (index, x) in collected(kept).samples {
        assert_eq!(bits(&x), bits(&alone(session.as_mut(), &calm, index)));
    }
    assert_eq!(engine.snapshot().slots_used, 0);
}
